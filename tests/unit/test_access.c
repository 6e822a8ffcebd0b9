/* A handler's questions about names and ids, to a policy and a log that are made up. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/access.h"
#include "core/address.h"
#include "core/call.h"
#include "core/log.h"
#include "core/path.h"
#include "core/policy.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

TestSuite(access, .timeout = 60);

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox, .tid = 4321, .sysno = SC_setgid };
static struct policy_settings settings = { .log_refused = true };
static enum action decided;
static char event[256];
static unsigned events;
static unsigned accesses;

struct decision policy_decide(const struct policy *policy, enum category category, const char *name)
{
	(void)policy;
	(void)category;
	(void)name;
	return (struct decision){ .action = decided };
}

const struct policy_settings *policy_settings(const struct policy *policy)
{
	(void)policy;
	return &settings;
}

const struct rule *policy_rules(const struct policy *policy, enum category category, size_t *count_out)
{
	(void)policy;
	(void)category;
	*count_out = 0;
	return NULL;
}

const struct rule_index *policy_rule_index(const struct policy *asked, enum category category)
{
	(void)asked;
	(void)category;
	return NULL;
}

enum action policy_default(const struct policy *policy, enum category category)
{
	(void)policy;
	(void)category;
	return decided;
}

bool policy_is_on(const struct policy *policy, enum category category)
{
	(void)policy;
	(void)category;
	return true;
}

bool policy_active(const struct policy *policy, enum category category)
{
	(void)policy;
	(void)category;
	return true;
}

uint64_t policy_active_bits(const struct policy *policy)
{
	(void)policy;
	return CAT_BIT(CAT_NET_LINK);
}

/* "/masked" is held by no category's rule, "/read" by one of read. */
uint64_t policy_name_gains(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	(void)policy;
	(void)to;
	(void)is_directory;
	return str_equal(from, "/read") ? CAT_BIT(CAT_READ) : 0;
}

bool policy_name_allows_no_more(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	return !str_equal(from, "/masked") && policy_name_gains(policy, from, to, is_directory) == 0;
}

void log_move(struct call *asked, const char *from, const char *to, bool is_directory, uint64_t gains)
{
	(void)is_directory;
	cr_expect_eq(gains, str_equal(from, "/read") ? CAT_BIT(CAT_READ) : 0);
	log_access(asked, CAT_RENAME, ACTION_DENY, to);
}

bool policy_names_transitions(const struct policy *policy, enum id_kind kind)
{
	(void)policy;
	return kind == ID_GROUP;
}

bool policy_allows_transition(const struct policy *policy, enum id_kind kind, uint32_t from, uint32_t to)
{
	(void)policy;
	return kind == ID_GROUP && from == 0 && to == 7;
}

void log_access(struct call *asked, enum category category, enum action action, const char *name)
{
	(void)asked;
	(void)category;
	(void)action;
	(void)name;
	accesses++;
}

void log_event(struct log *log, const char *context, const char *format, ...)
{
	va_list values;

	(void)log;
	(void)context;
	events++;
	va_start(values, format);
	vsnprintf(event, sizeof(event), format, values);
	va_end(values);
}

int process_signal(struct call *asked, int number)
{
	(void)asked;
	(void)number;
	return 0;
}

void sandbox_end(struct sandbox *asked, int status)
{
	(void)asked;
	(void)status;
}

Test(access, warned_is_neither_refused_nor_silently_allowed)
{
	static const struct {
		enum action action;
		bool allows;
		bool refuses;
	} rows[] = {
		{ ACTION_ALLOW, true, false },
		{ ACTION_WARN, false, false },
		{ ACTION_FILTER, false, true },
		{ ACTION_DENY, false, true },
		{ ACTION_KILL, false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		decided = rows[i].action;
		cr_expect_eq(access_allows(&call, CAT_CHDIR, "/a"), rows[i].allows, "row %zu", i);
		cr_expect_eq(access_refuses(&call, CAT_CHDIR, "/a"), rows[i].refuses, "row %zu", i);
	}
	cr_expect_eq(accesses, 0);
}

Test(access, transitions_are_asked_of_their_own_kind)
{
	cr_expect_not(access_transitions(&call, false));
	cr_expect(access_transitions(&call, true));
	cr_expect(access_transition(&call, true, 0, 7));
	cr_expect_not(access_transition(&call, false, 0, 7));
}

Test(access, refused_transition_leaves_a_line_that_names_the_rule)
{
	cr_expect(access_transition(&call, true, 0, 7));
	cr_expect_eq(events, 0);
	cr_expect_not(access_transition(&call, true, 7, 4294967294U));
	cr_expect_eq(events, 1);
	cr_expect_str_eq(event, "setgid of thread 4321 is refused: no setgid+7.4294967294");
	settings.log_refused = false;
	cr_expect_not(access_transition(&call, true, 7, 0));
	cr_expect_eq(events, 1);
}

Test(access, what_is_masked_holds_still_without_a_rule_of_a_category)
{
	accesses = 0;
	cr_expect_eq(access_check_move(&call, "/a", "/b", false), 0);
	cr_expect_eq(accesses, 0);
	cr_expect_eq(access_check_move(&call, "/read", "/b", false), -EACCES);
	cr_expect_eq(access_check_move(&call, "/masked", "/b", false), -EACCES);
	cr_expect_eq(accesses, 2);
}

Test(access, addresses_are_refused_with_the_errno_of_their_category)
{
	struct address address = { .kind = ADDRESS_IPV4, .port = 80, .ip = { 192, 0, 2, 1 } };

	decided = ACTION_DENY;
	cr_expect_eq(access_check_address(&call, CAT_NET_BIND, &address), -EADDRNOTAVAIL);
	cr_expect_eq(access_check_address(&call, CAT_NET_CONNECT, &address), -ECONNREFUSED);
	cr_expect_eq(access_check_link(&call, 4711), -EACCES);
	cr_expect_eq(accesses, 3);
	decided = ACTION_ALLOW;
	cr_expect_eq(access_check_address(&call, CAT_NET_CONNECT, &address), 0);
	cr_expect(access_judges_sockets(&call));
}

Test(access, blocked_addresses_are_refused_though_they_are_allowed)
{
	struct address address = { .kind = ADDRESS_IPV4, .port = 80, .ip = { 192, 0, 2, 1 } };
	struct network network;

	decided = ACTION_ALLOW;
	cr_assert_eq(network_parse("192.0.2.0/30", 12, &network), 0);
	cr_assert_eq(netset_add(&settings.blocked, &network), 0);
	netset_seal(&settings.blocked);
	cr_expect_eq(access_check_address(&call, CAT_NET_CONNECT, &address), -ECONNREFUSED);
	cr_expect(events == 1 && strstr(event, "block+ names this address: 192.0.2.1!80"), "%s", event);
	cr_expect_eq(access_check_address(&call, CAT_NET_BIND, &address), 0, "peers only");
	address.ip[3] = 4;
	cr_expect_eq(access_check_address(&call, CAT_NET_CONNECT, &address), 0);
	netset_free(&settings.blocked);
}
