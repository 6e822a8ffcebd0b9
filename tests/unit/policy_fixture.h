/*
 * Loading policies in tests: variables from a fixed list, errors as text.
 */
#ifndef KENNEL_TESTS_POLICY_FIXTURE_H
#define KENNEL_TESTS_POLICY_FIXTURE_H

#include "core/policy_parse.h"

/* HOME=/home/u, KENNEL_CWD=/w, KENNEL_TMPDIR=/tmp/k, STAR=/a*b, SLASH=/, EMPTY= */
const char *fixture_lookup(void *context, const char *name);

struct policy_loader *fixture_loader(void);

/* The policy of commands that end with NULL; fails the test when there are errors. */
struct policy *fixture_policy(const char *const *commands);

/* Ends the loader: all errors as one text, "" when there are none. The caller frees it. */
char *fixture_errors(struct policy_loader *loader);

/* The policy as policy_print_text() gives it. The caller frees it. */
char *fixture_print(const struct policy *policy);

#endif
