/*
 * How long a decision takes: one line per number of rules and way of deciding, one number of
 * nanoseconds per round. "compiled" is policy_decide(); "list" asks the same rules one by one, from
 * the last. Both must decide the same. Nothing runs under Kennel here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/pattern.h"
#include "core/policy_parse.h"

#define POLICY_NAMES 256u
#define POLICY_BATCH_NS 1000000
#define POLICY_SUBJECTS 8u
#define POLICY_ROUNDS 64u

/* Rules of the kinds that policies have, each with numbers of its own, and names that some of them match. */
static const char *const policy_rule_forms[] = { "allow/read+/srv/app%u/data/file%u", "allow/read+/srv/tree%u/***",
	"deny/read+/home/user%u/.ssh/**", "allow/read+/opt/tool%u/*/lib%u.so", "allow/read+/var/log/app%u-*.log",
	"deny/read+/**/secret%u.key", "allow/read+/data/*-%u/x*" };
static const char *const policy_name_forms[] = { "/srv/app%u/data/file%u", "/srv/tree%u/src/main.c",
	"/home/user%u/.ssh/id", "/opt/tool%u/x86/lib%u.so", "/var/log/app%u-1.log", "/etc/keys/secret%u.key",
	"/data/abc-%u/xyz", "/usr/lib/x86_64-linux-gnu/libc.so.%u", "/proc/%u/status" };

#define POLICY_RULE_FORMS (sizeof(policy_rule_forms) / sizeof(policy_rule_forms[0]))
#define POLICY_NAME_FORMS (sizeof(policy_name_forms) / sizeof(policy_name_forms[0]))

struct subject {
	struct policy *policy; /* NULL after the last */
	unsigned rules;
	char names[POLICY_NAMES][64];
	double took[2][POLICY_ROUNDS]; /* ns of a decision */
};

typedef const struct rule *decide_fn(const struct policy *policy, const char *name);

static const struct rule *policy_by_matcher(const struct policy *policy, const char *name)
{
	return policy_decide(policy, CAT_READ, name).rule;
}

static const struct rule *policy_by_list(const struct policy *policy, const char *name)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_READ, &count);
	size_t length = strlen(name);

	while (count > 0 && !pattern_match_length(rules[count - 1].pattern, name, length))
		count--;
	return count > 0 ? &rules[count - 1] : NULL;
}

static const char *policy_no_variable(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static void policy_fill(struct subject *subject, unsigned rules)
{
	struct policy_loader *loader = policy_loader_new(policy_no_variable, NULL);
	char text[128];

	if (!loader)
		exit(1);
	for (unsigned i = 0; i < rules; i++) {
		snprintf(text, sizeof(text), policy_rule_forms[i % POLICY_RULE_FORMS], i, i);
		policy_load_command(loader, text);
	}
	subject->rules = rules;
	subject->policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	if (!subject->policy)
		exit(1);
	/* Spread over all rules; a prime, so that every form meets every remainder. */
	for (unsigned i = 0; i < POLICY_NAMES; i++) {
		unsigned number = i * 7919 % rules;

		snprintf(subject->names[i], sizeof(subject->names[i]), policy_name_forms[i % POLICY_NAME_FORMS], number,
			number);
	}
}

static int64_t policy_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* One batch: all names, over and over. */
static double policy_batch(const struct subject *subject, decide_fn *decide)
{
	int64_t start = policy_now_ns();
	int64_t took;
	unsigned long decisions = 0;

	do {
		for (unsigned i = 0; i < POLICY_NAMES; i++) {
			const struct rule *rule = decide(subject->policy, subject->names[i]);

			__asm__ volatile("" : : "r"(rule) : "memory");
		}
		decisions += POLICY_NAMES;
		took = policy_now_ns() - start;
	} while (took < POLICY_BATCH_NS);
	return (double)took / (double)decisions;
}

static void policy_must_agree(const struct subject *subject)
{
	for (unsigned i = 0; i < POLICY_NAMES; i++) {
		const char *name = subject->names[i];

		if (policy_by_matcher(subject->policy, name) == policy_by_list(subject->policy, name))
			continue;
		fprintf(stderr, "policy: %s is decided in two ways\n", name);
		exit(1);
	}
}

struct way {
	const char *name;
	decide_fn *decide;
};

static const struct way policy_ways[] = { { "compiled", policy_by_matcher }, { "list", policy_by_list } };

#define POLICY_WAYS (sizeof(policy_ways) / sizeof(policy_ways[0]))

/* Neighbours in time are compared: each round is a batch of everything. */
static void policy_measure(struct subject *subjects, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++)
		for (struct subject *subject = subjects; subject->policy; subject++)
			for (size_t way = 0; way < POLICY_WAYS; way++)
				subject->took[way][round] = policy_batch(subject, policy_ways[way].decide);
}

static void policy_show(const struct subject *subject, unsigned rounds)
{
	for (size_t way = 0; way < POLICY_WAYS; way++) {
		printf("%s-%u", policy_ways[way].name, subject->rules);
		for (unsigned round = 0; round < rounds; round++)
			printf(" %.2f", subject->took[way][round]);
		printf("\n");
	}
}

/* policy ROUNDS RULES... */
int main(int argc, char **argv)
{
	static struct subject subjects[POLICY_SUBJECTS + 1];
	unsigned long rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;

	if (rounds == 0 || rounds > POLICY_ROUNDS || argc - 2 > (int)POLICY_SUBJECTS) {
		fprintf(stderr, "usage: policy ROUNDS RULES...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		unsigned long rules = strtoul(argv[i], NULL, 10);

		policy_fill(&subjects[i - 2], rules > 0 ? (unsigned)rules : 1);
		policy_must_agree(&subjects[i - 2]);
	}
	policy_measure(subjects, (unsigned)rounds);
	for (struct subject *subject = subjects; subject->policy; subject++) {
		policy_show(subject, (unsigned)rounds);
		policy_free(subject->policy);
	}
	return 0;
}
