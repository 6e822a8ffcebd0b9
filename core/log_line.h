/*
 * The making of log lines, shared by core/log.c and core/log_access.c only.
 */
#ifndef KENNEL_CORE_LOG_LINE_H
#define KENNEL_CORE_LOG_LINE_H

#include <stddef.h>

struct json;
struct log;

/* One complete line; length 0: it did not fit and counts as dropped. */
void log_line(struct log *log, const char *line, size_t length);

/* The member "time": UTC, ISO 8601. */
void log_line_time(struct json *json);

#endif
