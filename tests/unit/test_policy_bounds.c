/* Policies made to hurt: an error or a policy within bounds of memory and time, and never half of one. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/policy_net.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

#define TEXT_MAX (16u << 20)
#define MEMORY_MAX_KB (400 << 10)

/* Timeouts are far above what these take: a bound that is missing means minutes. */
#define BOUNDS(name) Test(policy_bounds, name, .timeout = 360, .init = enter_folder, .fini = leave_folder)

static char folder[] = "/tmp/kennel-bounds-XXXXXX";

static void enter_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert(eq(int, chdir(folder), 0));
}

static void leave_folder(void)
{
	unlink("p.kennel");
	cr_expect(eq(int, chdir("/"), 0));
	cr_expect(eq(int, rmdir(folder), 0));
}

/* A line of the policy, numbered from 0; the length. */
typedef int line_fn(char *line, size_t size, unsigned number);

/* A file of as many lines as there may be, at most count. */
static void write_lines(line_fn *line, unsigned count)
{
	FILE *file = fopen("p.kennel", "w");
	static char text[40000];
	size_t written = 0;

	cr_assert_not_null(file);
	for (unsigned i = 0; i < count; i++) {
		size_t length = (size_t)line(text, sizeof(text), i);

		if (written + length > TEXT_MAX)
			break;
		written += fwrite(text, 1, length, file);
	}
	cr_assert(eq(int, fclose(file), 0));
}

/* Under sanitizers memory says nothing. */
static void expect_little_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	cr_expect(lt(long, usage.ru_maxrss, MEMORY_MAX_KB));
#endif
}

/* The file is refused, and a line of what is said begins with this; nothing of it is a policy. */
static void expect_refused(const char *error)
{
	struct policy_loader *loader = fixture_loader();
	char *errors;

	policy_load_file(loader, "p.kennel");
	policy_load_command(loader, "allow/read+/later");
	errors = fixture_errors(loader);
	cr_expect_not_null(strstr(errors, error), "%.200s", errors);
	free(errors);
	expect_little_memory();
}

static struct policy *expect_loaded(void)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;

	policy_load_file(loader, "p.kennel");
	policy = policy_loader_finish(loader, stderr);
	cr_assert_not_null(policy);
	policy_loader_free(loader);
	expect_little_memory();
	return policy;
}

static enum action decide(const struct policy *policy, const char *name)
{
	return policy_decide(policy, CAT_READ, name).action;
}

/* ---- Rules ---- */

static int one_rule(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "allow/read+/a/%u\n", number);
}

static int rule_of_all(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "deny/all+/a%u/*/b/***\n", number);
}

static int rules_and_removals(char *line, size_t size, unsigned number)
{
	return number < 20000 ? snprintf(line, size, "allow/all+/a/%u\n", number)
			      : snprintf(line, size, "allow/all^/b/%u\n", number);
}

BOUNDS(a_hundred_thousand_rules_are_loaded_and_decided)
{
	struct policy *policy;

	write_lines(one_rule, 100000);
	policy = expect_loaded();
	cr_expect(decide(policy, "/a/0") == ACTION_ALLOW);
	cr_expect(decide(policy, "/a/99999") == ACTION_ALLOW);
	cr_expect(decide(policy, "/a/100000") == ACTION_DENY);
	policy_free(policy);
}

BOUNDS(a_million_rules_are_refused)
{
	write_lines(one_rule, 1000000);
	expect_refused(": expected fewer or simpler rules: this policy is too large\n"
		       "the rest was not read\n");
}

BOUNDS(a_million_rules_of_every_category_are_refused)
{
	write_lines(rule_of_all, 1000000);
	expect_refused(": expected fewer or simpler rules: this policy is too large\n"
		       "the rest was not read\n");
}

BOUNDS(removals_from_long_lists_are_counted)
{
	write_lines(rules_and_removals, 1000000);
	expect_refused(":1: expected fewer or simpler rules: this policy is too large\n");
}

static int rule_about_addresses(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "allow/inet+local!%u-%u\n", number % 60000, number % 60000 + number % 5000);
}

static int network_of_number(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "block+10.%u.%u.%u\n", number >> 16 & 255, number >> 8 & 255, number & 255);
}

BOUNDS(a_hundred_thousand_rules_about_addresses_are_loaded_and_decided)
{
	struct address address = { .kind = ADDRESS_IPV4, .port = 7, .ip = { 10, 1, 2, 3 } };
	struct policy *policy;

	write_lines(rule_about_addresses, 100000);
	policy = expect_loaded();
	cr_expect(policy_decide_address(policy, CAT_NET_CONNECT, &address).action == ACTION_ALLOW);
	address.ip[0] = 9;
	cr_expect(policy_decide_address(policy, CAT_NET_CONNECT, &address).action == ACTION_DENY);
	policy_free(policy);
}

BOUNDS(a_million_rules_about_addresses_are_refused)
{
	write_lines(rule_about_addresses, 1000000);
	expect_refused(": expected fewer or simpler rules: this policy is too large\n"
		       "the rest was not read\n");
}

BOUNDS(as_many_networks_as_there_may_be_are_blocked)
{
	struct address address = { .kind = ADDRESS_IPV4, .ip = { 10, 1, 2, 3 } };
	struct policy *policy;

	write_lines(network_of_number, 700000);
	policy = expect_loaded();
	cr_expect(policy_blocks(policy, &address));
	address.ip[1] = 200;
	cr_expect_not(policy_blocks(policy, &address));
	policy_free(policy);
}

static int one_transition(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "setuid+%u.%u\n", number, number + 1);
}

static int one_mask(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "mask+/a/%u:/b\n", number);
}

BOUNDS(what_is_looked_through_one_by_one_is_not_many)
{
	write_lines(one_transition, 1000000);
	expect_refused("p.kennel:16385:1: expected fewer or simpler rules: this policy is too large\n");
	write_lines(one_mask, 1000000);
	expect_refused(":1: expected fewer or simpler rules: this policy is too large\n");
}

/* ---- Patterns ---- */

static int nested_braces(char *line, size_t size, unsigned number)
{
	int length = snprintf(line, size, "allow/read+/%u", number);

	for (int i = 0; i < 248; i++)
		length += snprintf(line + length, size - (size_t)length, "%s", i < 8 ? "{a,b}" : "{c}");
	return length + snprintf(line + length, size - (size_t)length, "\n");
}

static int long_branches(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "allow/read+/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}%0*u\n", 3900, number);
}

BOUNDS(braces_that_multiply_are_errors)
{
	write_lines(nested_braces, 1000000);
	expect_refused("p.kennel:1:12: expected fewer or shorter alternatives: all together are too long\n");
	write_lines(long_branches, 1000000);
	expect_refused("p.kennel:1:12: expected fewer or shorter alternatives: all together are too long\n");
}

static int words_within(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "allow/read+/d/*w%u*/x\n", number * 7919 % 1000003);
}

static int any_behind(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "allow/read+/d/*%u%s/x\n", number % 10,
		"??????????"
		"??????????"
		"??????????");
}

BOUNDS(patterns_that_explode_are_decided_all_the_same)
{
	struct policy *policy;

	write_lines(words_within, 2000);
	policy = expect_loaded();
	cr_expect(decide(policy, "/d/a-w7919-b/x") == ACTION_ALLOW);
	cr_expect(decide(policy, "/d/a-w7919-b/y") == ACTION_DENY);
	policy_free(policy);
	write_lines(any_behind, 1000);
	policy = expect_loaded();
	cr_expect(decide(policy, "/d/aaaaaaaaaaaaaaa3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x") == ACTION_ALLOW);
	cr_expect(decide(policy, "/d/aaaaaaaaaaaaaaaa3aaaaaaaaaaaaaaaaaaaaaaaaaaaa/x") == ACTION_DENY);
	policy_free(policy);
}

/* ---- Junk ---- */

static int misspelt(char *line, size_t size, unsigned number)
{
	return snprintf(line, size, "alow/read+/%u\n", number);
}

static int random_bytes(char *line, size_t size, unsigned number)
{
	for (size_t i = 0; i < size; i++) {
		number = number * 1664525 + 1013904223;
		line[i] = (char)(number >> 24);
	}
	return (int)size;
}

BOUNDS(a_file_of_errors_is_not_read_to_its_end)
{
	write_lines(misspelt, 1000000);
	expect_refused("\nand 1049 more errors\nthe rest was not read\n");
}

BOUNDS(binary_junk_is_refused)
{
	write_lines(random_bytes, 400);
	expect_refused("p.kennel:1:");
}

BOUNDS(a_huge_file_is_refused_unread)
{
	write_lines(one_rule, 1);
	cr_assert(eq(int, truncate("p.kennel", (off_t)1 << 40), 0));
	expect_refused("expected at most 16 MiB of policy: 'p.kennel'\n");
}
