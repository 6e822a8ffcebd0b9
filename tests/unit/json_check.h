/*
 * A reader of single JSON lines that takes nothing but strict JSON, so that a test notices
 * whatever could fool a reader of the log.
 */
#ifndef KENNEL_TESTS_JSON_CHECK_H
#define KENNEL_TESTS_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when text is one flat object (strings, numbers, arrays of strings) and its newline, all of
 * it valid UTF-8 without control characters.
 */
bool json_check_line(const char *text, size_t length);

/* The raw text of a member's value, quotes included, into buffer; false when it is not there exactly once. */
bool json_check_member(const char *line, const char *key, char *buffer, size_t size);

#endif
