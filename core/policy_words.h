/*
 * Rules of the categories fs and ioctl, which are about words as well as paths: the name of a
 * filesystem, an ioctl request. A pattern that begins with a slash is a path's; only where it
 * covers every path ("/" and three stars) does it stand for every word, too. Pure.
 */
#ifndef KENNEL_CORE_POLICY_WORDS_H
#define KENNEL_CORE_POLICY_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"

/* The categories whose rules may be words. */
#define POLICY_WORD_BITS (CAT_BIT(CAT_FS) | CAT_BIT(CAT_IOCTL))

/* The rule says something about words. */
bool policy_word_rule(const struct rule *rule);

/* fs: by the name of the filesystem. */
struct decision policy_decide_filesystem(const struct policy *policy, const char *name);

/* ioctl: by request. What no rule names is the default's. */
struct decision policy_decide_request(const struct policy *policy, uint32_t request);

/* The decision on all requests that have no rule of their own. */
struct decision policy_decide_requests(const struct policy *policy);

/* ioctl: a device that is opened. The default is about requests: a path that no rule names is allowed. */
struct decision policy_decide_device(const struct policy *policy, const char *name);

/* NULL: it is certain that every device at this name, and below it, may be opened. Else a rule that may refuse one. */
const struct rule *policy_refuses_device(const struct policy *policy, const char *directory);

/* True when some rule of ioctl is about paths. */
bool policy_names_devices(const struct policy *policy);

/* True for a rule of ioctl that names this request, and not just all of them, and allows it. */
bool policy_gives_request(const struct policy *policy, uint32_t request);

/* What a rule of fs, or of ioctl, says of one word: does it match. */
bool policy_word_is_filesystem(const struct rule *rule, const char *name);
bool policy_word_is_request(const struct rule *rule, uint32_t request);

/* The request that a pattern of digits (decimal, or 0x and hexadecimal) is; false for any other pattern. */
bool policy_word_request(const char *text, uint32_t *request_out);

#endif
