/*
 * How long a decision takes: one line per number of rules and way of deciding, one number of
 * nanoseconds per round. "compiled" is policy_decide(); "list" asks the same rules one by one, from
 * the last. Both must decide the same; "address-compiled" and "address-list" are the same for rules about addresses.
 * Nothing runs under Kennel here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/address_pattern.h"
#include "core/pattern.h"
#include "core/policy_net.h"
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

/* The number's upper and lower byte; of the addresses, %u more is the last one's. */
static const char *const policy_network_forms[] = { "allow/net/connect+10.1.%u.%u!443",
	"deny/net/connect+10.%u.%u.0/24", "allow/net/connect+172.%u.%u.0/25!80",
	"allow/net/connect+192.168.%u.%u!1024-2048", "deny/net/connect+2001:db8:%x:%x00::/56",
	"allow/net/connect+2001:db8:1:%x::%x!443" };
static const char *const policy_address_forms[] = { "10.1.%u.%u", "10.%u.%u.7", "172.%u.%u.9", "192.168.%u.%u",
	"2001:db8:%x:%x00::7", "2001:db8:1:%x::%x", "8.8.%u.%u" };

#define POLICY_NETWORK_FORMS (sizeof(policy_network_forms) / sizeof(policy_network_forms[0]))
#define POLICY_ADDRESS_FORMS (sizeof(policy_address_forms) / sizeof(policy_address_forms[0]))
#define POLICY_RULE_FORMS (sizeof(policy_rule_forms) / sizeof(policy_rule_forms[0]))
#define POLICY_NAME_FORMS (sizeof(policy_name_forms) / sizeof(policy_name_forms[0]))

struct subject {
	struct policy *policy; /* NULL after the last */
	unsigned rules;
	char names[POLICY_NAMES][64];
	struct address addresses[POLICY_NAMES];
	double took[4][POLICY_ROUNDS]; /* ns of a decision */
};

typedef const struct rule *decide_fn(const struct subject *subject, unsigned i);

static const struct rule *policy_by_matcher(const struct subject *subject, unsigned i)
{
	return policy_decide(subject->policy, CAT_READ, subject->names[i]).rule;
}

static const struct rule *policy_by_list(const struct subject *subject, unsigned i)
{
	const char *name = subject->names[i];
	size_t count;
	const struct rule *rules = policy_rules(subject->policy, CAT_READ, &count);
	size_t length = strlen(name);

	while (count > 0 && !pattern_match_length(rules[count - 1].pattern, name, length))
		count--;
	return count > 0 ? &rules[count - 1] : NULL;
}

static const struct rule *policy_by_table(const struct subject *subject, unsigned i)
{
	return policy_decide_address(subject->policy, CAT_NET_CONNECT, &subject->addresses[i]).rule;
}

static const struct rule *policy_by_address_list(const struct subject *subject, unsigned i)
{
	size_t count;
	const struct rule *rules = policy_rules(subject->policy, CAT_NET_CONNECT, &count);

	while (count > 0 && !address_pattern_match(rules[count - 1].address, &subject->addresses[i]))
		count--;
	return count > 0 ? &rules[count - 1] : NULL;
}

static const char *policy_no_variable(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* Spread over all rules; a prime, so that every form meets every remainder. */
static void policy_fill_names(struct subject *subject)
{
	for (unsigned i = 0; i < POLICY_NAMES; i++) {
		unsigned number = i * 7919 % subject->rules;
		struct address *address = &subject->addresses[i];
		struct network network;
		char text[64];

		snprintf(subject->names[i], sizeof(subject->names[i]), policy_name_forms[i % POLICY_NAME_FORMS], number,
			number);
		snprintf(text, sizeof(text), policy_address_forms[i % POLICY_ADDRESS_FORMS], number >> 8, number & 255);
		if (network_parse(text, strlen(text), &network))
			exit(1);
		address->kind = network.is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
		address->port = i % 2 ? 443 : 80;
		memcpy(address->ip, network.ip, sizeof(address->ip));
	}
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
		snprintf(text, sizeof(text), policy_network_forms[i % POLICY_NETWORK_FORMS], i >> 8, i & 255);
		policy_load_command(loader, text);
	}
	subject->rules = rules;
	subject->policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	if (!subject->policy)
		exit(1);
	policy_fill_names(subject);
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
			const struct rule *rule = decide(subject, i);

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
		if (policy_by_matcher(subject, i) == policy_by_list(subject, i) &&
			policy_by_table(subject, i) == policy_by_address_list(subject, i))
			continue;
		fprintf(stderr, "policy: %s, or address %u, is decided in two ways\n", subject->names[i], i);
		exit(1);
	}
}

struct way {
	const char *name;
	decide_fn *decide;
};

static const struct way policy_ways[] = { { "compiled", policy_by_matcher }, { "list", policy_by_list },
	{ "address-compiled", policy_by_table }, { "address-list", policy_by_address_list } };

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
