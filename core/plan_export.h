/* The BPF of a plan, and of our own cages, as a run loads it: to a file, or as text. */
#ifndef KENNEL_CORE_PLAN_EXPORT_H
#define KENNEL_CORE_PLAN_EXPORT_H

#include <stdio.h>

struct plan_view;

/* Which program. */
enum plan_export { PLAN_EXPORT_FILTER, PLAN_EXPORT_GUARD, PLAN_EXPORT_CAGE };

/*
 * The instructions as seccomp(2) takes them. What differs from run to run is 0 in the cage: our process, descriptors,
 * the cookie. 0 or -errno.
 */
int plan_export_bpf(FILE *stream, const struct plan_view *view, enum plan_export which, unsigned needs);

/* The same as text. */
int plan_export_text(FILE *stream, const struct plan_view *view, enum plan_export which, unsigned needs);

#endif
