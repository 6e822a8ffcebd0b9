/*
 * The log: one JSON object a line, to stderr, a file or a descriptor. Never blocks the
 * loop: what a slow reader does not take is dropped and counted.
 */
#ifndef KENNEL_CORE_LOG_H
#define KENNEL_CORE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/category.h"

struct call;
struct log;

/* Writes to a descriptor of its own, made from fd, which stays the caller's. NULL: -ENOMEM only. */
struct log *log_new(int fd);
void log_free(struct log *log);

/* The descriptor that the log writes to. */
int log_fd(const struct log *log);

/* A refusal or warning: what kennel(5) lists under LOG. name: path or address, escaped here. */
void log_access(struct call *call, enum category category, enum action action, const char *name);

/*
 * A move or a link that is refused because names hold still. gains: CAT_BIT()s of the categories that tell the two
 * names apart; the tip is the rule that makes them equal.
 */
void log_move(struct call *call, const char *from, const char *to, bool is_directory, uint64_t gains);

/*
 * A call whose arguments were changed between the check and the kernel's own look, found afterwards: the process
 * is killed. checked: the name that was allowed (NULL: none); found: what really happened.
 */
void log_mismatch(struct call *call, enum category category, const char *checked, const char *found);

/* An event of the supervisor: {"ctx":context,"msg":text,...}. printf-like, one line. */
void log_event(struct log *log, const char *context, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes what is left, waiting for at most a moment; at the end of the program. */
void log_flush(struct log *log);

#endif
