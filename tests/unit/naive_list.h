/*
 * The reference for matchers: the plain list, from its end. Slow and obviously right. Also for
 * fuzzing and bench/, so nothing of Criterion here.
 */
#ifndef KENNEL_TESTS_NAIVE_LIST_H
#define KENNEL_TESTS_NAIVE_LIST_H

#include <stddef.h>

struct pattern;

/* As matcher_last(). */
size_t naive_list_last(const struct pattern *const *patterns, size_t count, const char *name, size_t length);

#endif
