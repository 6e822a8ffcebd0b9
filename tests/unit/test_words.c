/* Rules of fs and ioctl, which are about words; mask, append and strict names; and what they mean for a plan. */
#include <criterion/criterion.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/filename.h"
#include "core/filesystem.h"
#include "core/ioctl_names.h"
#include "core/ioctl_number.h"
#include "core/plan.h"
#include "core/policy_files.h"
#include "core/policy_words.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

#include "arch/arch.h"

TestSuite(words, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ "sandbox/all:off", __VA_ARGS__, NULL })
#define IOCTL "sandbox/ioctl:on", "log/refused:off"

enum { GETS = TCGETS, WINSIZE = TIOCGWINSZ, STI = TIOCSTI, UNKNOWN = 0x12345 };

static enum action words_request(const struct policy *policy, uint32_t request)
{
	return policy_decide_request(policy, request).action;
}

Test(words, requests_are_known_by_name_and_by_number)
{
	struct policy *policy = POLICY(IOCTL, "allow/ioctl+TC*", "allow/ioctl+0x12345", "deny/ioctl+TCGETS");

	cr_expect_eq(words_request(policy, TCSETS), ACTION_ALLOW);
	cr_expect_eq(words_request(policy, UNKNOWN), ACTION_ALLOW);
	cr_expect_eq(words_request(policy, GETS), ACTION_DENY, "the last rule decides");
	cr_expect_eq(words_request(policy, WINSIZE), ACTION_DENY, "the default");
	cr_expect_str_eq(ioctl_name(GETS), "TCGETS");
	cr_expect_null(ioctl_name(UNKNOWN));
	policy_free(policy);
}

#if __SIZEOF_LONG__ == 8
Test(words, a_name_is_the_request_of_callers_with_other_longs_too)
{
	struct policy *policy = POLICY(IOCTL, "default/ioctl:allow", "deny/ioctl+FS_IOC_GETFLAGS",
		"deny/ioctl+{BLKBSZSET,RTC_PLL_GET,EVIOCSFF,UI_BEGIN_FF_UPLOAD}");
	static const uint32_t wide[] = { 0x80086601, 0x40081271, 0x80207011, 0x40304580, 0xc06855c8 };
	static const uint32_t narrow[] = { 0x80046601, 0x40041271, 0x801c7011, 0x402c4580, 0xc06055c8 };

	for (unsigned i = 0; i < ARRAY_SIZE(wide); i++) {
		cr_expect_eq(words_request(policy, IOCTL_MADE(wide[i])), ACTION_DENY, "0x%x", wide[i]);
		cr_expect_eq(words_request(policy, IOCTL_MADE(narrow[i])), ACTION_DENY, "0x%x", narrow[i]);
	}
	cr_expect_eq(words_request(policy, IOCTL_MADE(0x80086602)), ACTION_ALLOW);
	policy_free(policy);
}
#endif

Test(words, a_path_is_no_request_unless_it_is_every_path)
{
	struct policy *all = POLICY(IOCTL, "sandbox/fs:on", "allow/ioctl,fs+/***");
	struct policy *one = POLICY(IOCTL, "default/ioctl:allow", "deny/ioctl+/dev/kvm");

	cr_expect_eq(words_request(all, UNKNOWN), ACTION_ALLOW);
	cr_expect_eq(policy_decide_filesystem(all, "ext4").action, ACTION_ALLOW);
	cr_expect_eq(words_request(one, UNKNOWN), ACTION_ALLOW);
	cr_expect_eq(policy_decide_device(one, "/dev/kvm").action, ACTION_DENY);
	cr_expect_eq(policy_decide_device(one, "/dev/null").action, ACTION_ALLOW, "no rule names it");
	policy_free(all);
	policy_free(one);
}

Test(words, a_device_is_not_moved_to_where_no_rule_refuses_it)
{
	static const char *const defaults[] = { "default/ioctl:deny", "default/ioctl:allow" };

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		struct policy *policy =
			POLICY(IOCTL, defaults[i], "deny/ioctl+/dev/{kvm,sub/***}", "allow/ioctl+TCGETS");

		cr_expect_not(policy_name_allows_no_more(policy, "/dev/kvm", "/w/kvm", false), "%s", defaults[i]);
		cr_expect_not(policy_name_allows_no_more(policy, "/dev/kvm", "/dev/null", false), "%s", defaults[i]);
		cr_expect_not(policy_name_allows_no_more(policy, "/dev/sub", "/w/sub", true), "%s", defaults[i]);
		cr_expect_not(policy_name_allows_no_more(policy, "/dev", "/w", true), "%s", defaults[i]);
		cr_expect(policy_name_allows_no_more(policy, "/w/a", "/w/b", false), "%s", defaults[i]);
		cr_expect(policy_name_allows_no_more(policy, "/w/a", "/w/b", true), "%s", defaults[i]);
		cr_expect(policy_name_allows_no_more(policy, "/dev/null", "/dev/kvm", false), "%s", defaults[i]);
		cr_expect(policy_name_allows_no_more(policy, "/w/a", "/dev/sub/a", true), "%s", defaults[i]);
		cr_expect(policy_name_allows_no_more(policy, "/dev/sub/a", "/dev/sub/b", true), "%s", defaults[i]);
		policy_free(policy);
	}
}

Test(words, filesystems_are_known_by_name)
{
	struct policy *policy = POLICY("sandbox/fs:on", "allow/fs+ext*", "allow/fs+{tmpfs,proc}", "deny/fs+ext3");
	struct policy *inert = POLICY("sandbox/fs:on", "default/fs:allow", "deny/fs+/nonexistent/***");
	char name[FILESYSTEM_NAME_SIZE];
	int proc = open("/proc/version", O_PATH);
	int ends[2];

	cr_expect_eq(policy_decide_filesystem(policy, "ext4").action, ACTION_ALLOW);
	cr_expect_eq(policy_decide_filesystem(policy, "ext3").action, ACTION_DENY);
	cr_expect_eq(policy_decide_filesystem(policy, "proc").action, ACTION_ALLOW);
	cr_expect_eq(policy_decide_filesystem(policy, "xfs").action, ACTION_DENY);
	cr_expect_not(policy_active(inert, CAT_FS));
	cr_assert(pipe(ends) == 0);
	cr_expect_eq(filesystem_name(proc, name), 0);
	cr_expect_str_eq(name, "proc");
	cr_expect_eq(filesystem_name(ends[0], name), -ENOENT);
	policy_free(policy);
	policy_free(inert);
}

static char *words_errors(const char *command)
{
	struct policy_loader *loader = fixture_loader();

	policy_load_command(loader, command);
	return fixture_errors(loader);
}

Test(words, an_unknown_request_is_an_error_with_the_nearest_name)
{
	char *near = words_errors("allow/ioctl+TCGET");
	char *mixed = words_errors("allow/read,fs+ext4");
	char *mask = words_errors("mask+/a:b");

	cr_expect(strstr(near, "did you mean 'TCGETS'"), "%s", near);
	cr_expect(strstr(mixed, "expected an absolute path"), "%s", mixed);
	cr_expect(strstr(mask, "expected an absolute path after ':'"), "%s", mask);
	free(near);
	free(mixed);
	free(mask);
}

/* What the plan makes of ioctl with this request. */
static enum plan_action words_plan(const struct policy *policy, uint32_t request, int *error_out)
{
	static const struct plan_host host = { .ptrace = true, .scopes_signals = true };
	struct plan *plan = plan_new(policy, &host);
	const uint64_t args[6] = { 0, UINT64_C(0xffffffff00000000) | request };
	const struct plan_entry *entry = plan_decide(plan, abi_native(), SC_ioctl, args);
	enum plan_action action = entry ? entry->action : PLAN_KERNEL;

	*error_out = entry ? entry->error : 0;
	plan_free(plan);
	return action;
}

Test(words, the_plan_decides_requests_on_the_low_half)
{
	static const struct {
		const char *commands[4];
		enum plan_action gets, unknown, typing;
	} rows[] = {
		{ { "default/ioctl:deny", "allow/ioctl+TCGETS" }, PLAN_KERNEL, PLAN_REFUSE, PLAN_REFUSE },
		{ { "default/ioctl:allow", "deny/ioctl+TCGETS" }, PLAN_REFUSE, PLAN_KERNEL, PLAN_REFUSE },
		{ { "default/ioctl:allow", "warn/ioctl+TC*" }, PLAN_NOTIFY, PLAN_KERNEL, PLAN_REFUSE },
		{ { "default/ioctl:kill", "allow/ioctl+TIOCSTI" }, PLAN_NOTIFY, PLAN_NOTIFY, PLAN_KERNEL },
		{ { "default/ioctl:allow", "log/refused:on", "deny/ioctl+TCGETS" }, PLAN_NOTIFY, PLAN_KERNEL,
			PLAN_REFUSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy_loader *loader = fixture_loader();
		struct policy *policy;
		int error;

		policy_load_command(loader, "sandbox/all:off");
		policy_load_command(loader, "sandbox/ioctl:on");
		policy_load_command(loader, "log/refused:off");
		for (size_t j = 0; rows[i].commands[j]; j++)
			policy_load_command(loader, rows[i].commands[j]);
		policy = policy_loader_finish(loader, stderr);
		policy_loader_free(loader);
		cr_assert_not_null(policy);
		cr_expect_eq(words_plan(policy, GETS, &error), rows[i].gets, "row %zu", i);
		cr_expect_eq(words_plan(policy, UNKNOWN, &error), rows[i].unknown, "row %zu", i);
		cr_expect_eq(words_plan(policy, STI, &error), rows[i].typing, "row %zu", i);
		policy_free(policy);
	}
}

Test(words, masks_and_appends_are_found_removed_and_printed)
{
	struct policy *policy =
		POLICY("mask+/a/*", "mask+/a/b:/c\\:d", "mask+/x", "mask-/x", "append+/log/**", "filename/strict:on");
	char *text = fixture_print(policy);

	cr_expect_str_eq(policy_mask(policy, "/a/x"), "/dev/null");
	cr_expect_str_eq(policy_mask(policy, "/a/b"), "/c:d");
	cr_expect_null(policy_mask(policy, "/x"));
	cr_expect(policy_appends(policy, "/log/a/b"));
	cr_expect_not(policy_appends(policy, "/a/b"));
	cr_expect(strstr(text, "filename/strict:on\nmask+/a/*\nmask+/a/b:/c\\:d\nappend+/log/**\n"), "%s", text);
	cr_expect(policy_active(policy, CAT_STAT) && policy_active(policy, CAT_CREATE));
	cr_expect_not(policy_name_allows_no_more(policy, "/a/x", "/y", false), "it would lose its mask");
	cr_expect_not(policy_name_allows_no_more(policy, "/log/x", "/y", false));
	cr_expect_not(policy_name_allows_no_more(policy, "/log", "/y", true));
	cr_expect(policy_name_allows_no_more(policy, "/y", "/z", false));
	free(text);
	policy_free(policy);
}

/* More than a few are compiled, and found all the same. */
Test(words, many_masks_and_devices_are_found_too)
{
	struct policy *policy =
		POLICY("mask+/a/*", "mask+/a/b:/c", "append+/log/**", "mask+/m1", "mask+/m2", "mask+/m3", "mask+/m4",
			"mask+/m5", "mask+/m6:/d", "append+/a/b", "deny/ioctl+/dev/kvm", "allow/ioctl+/dev/d1",
			"allow/ioctl+/dev/d2", "allow/ioctl+/dev/d3", "allow/ioctl+/dev/d4", "allow/ioctl+/dev/d5",
			"allow/ioctl+/dev/d6", "allow/ioctl+/dev/d7", "kill/ioctl+/dev/d?", "allow/ioctl+**");

	cr_expect_str_eq(policy_mask(policy, "/a/x"), "/dev/null");
	cr_expect_str_eq(policy_mask(policy, "/a/b"), "/c");
	cr_expect_str_eq(policy_mask(policy, "/m6"), "/d");
	cr_expect_null(policy_mask(policy, "/log/x"));
	cr_expect(policy_appends(policy, "/log/x"));
	cr_expect(policy_appends(policy, "/a/b"));
	cr_expect_not(policy_appends(policy, "/a/x"));
	cr_expect_eq(policy_decide_device(policy, "/dev/kvm").action, ACTION_DENY, "a word is not about paths");
	cr_expect_eq(policy_decide_device(policy, "/dev/d7").action, ACTION_KILL);
	cr_expect_eq(policy_decide_device(policy, "/dev/null").action, ACTION_ALLOW);
	policy_free(policy);
}

Test(words, hostile_names_are_told_from_usual_ones)
{
	static const char *const hostile[] = { "-x", "~x", " x", "x ", "a\nb", "a\x7f", "a;b", "a*", "\xff",
		"a\xc2\x85",
		"\xc2\xa0"
		"b",
		"a\\b", "$x" };
	static const char *const usual[] = { "x", "a b", ".x", "x-y~", "\xc3\xa9", "a+b@c=d,e#f%g^h_" };

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		cr_expect(filename_hostile(hostile[i]), "%s", hostile[i]);
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		cr_expect_not(filename_hostile(usual[i]), "%s", usual[i]);
}
