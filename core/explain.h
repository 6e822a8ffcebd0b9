/*
 * Why a name is allowed or refused in one category: the rule that decides, the one that would
 * without it, and the command that would turn the answer round. Pure: nothing is looked up.
 */
#ifndef KENNEL_CORE_EXPLAIN_H
#define KENNEL_CORE_EXPLAIN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/policy.h"

/* What is asked. name: canonical, "!memfd:NAME", the type of a filesystem (fs), a request (ioctl), an address. */
struct explain_question {
	enum category category;
	const char *name;
	bool is_request; /* ioctl, when name is no path */
	uint32_t request;
	const struct address *address; /* of a socket, when it is no path; core/explain_net.h */
	bool is_family;                /* net/link */
	unsigned family;
};

struct explain_answer {
	bool on;
	enum action by_default;
	struct decision decision;
	const struct rule *next; /* what would decide without the deciding rule, or switch; NULL: the default */
	const char *reason;      /* what refuses it whatever the rules say; NULL: nothing does */
	int error;               /* the errno of a refusal, 0: allowed */
	bool logged;
	const struct policy_file *mask;   /* it shows as another file; NULL: it does not */
	const struct policy_file *append; /* it can only be appended to */
	char name[PATH_MAX];              /* walk: the first directory on the way that is refused, or the name */
	bool switches;                    /* sandbox/CATEGORY:on is needed first to turn the answer round */
	char change[PATH_MAX * 5];        /* the command that does; "" where there is none, or the switch suffices */
};

void explain(const struct policy *policy, const struct explain_question *question, struct explain_answer *answer);

/* One answer, as lines or as a JSON object without a newline; given is the name as it was asked for. */
void explain_print_text(const struct policy *policy, const struct explain_question *question, const char *given,
	const struct explain_answer *answer, FILE *stream);
void explain_print_json(const struct policy *policy, const struct explain_question *question,
	const struct explain_answer *answer, FILE *stream);

#endif
