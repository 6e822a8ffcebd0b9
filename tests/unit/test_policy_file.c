/* Policy files, includes and short options, on a directory of the test's own. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util.h"
#include "tests/unit/policy_fixture.h"

static char folder[PATH_MAX];

static void folder_make(void)
{
	char template[] = "/tmp/kennel-policy-XXXXXX";

	umask(022);
	cr_assert_not_null(mkdtemp(template));
	cr_assert_not_null(realpath(template, folder));
	cr_assert(eq(int, chdir(folder), 0));
}

static int folder_remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static void folder_remove(void)
{
	cr_assert(eq(int, chdir("/"), 0));
	nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(policy_file, .init = folder_make, .fini = folder_remove, .timeout = 120);

static void write_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file);
	cr_assert(eq(sz, fwrite(bytes, 1, size, file), size));
	fclose(file);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static void expect_errors(const char *file, const char *expected)
{
	struct policy_loader *loader = fixture_loader();
	char *errors;

	policy_load_file(loader, file);
	errors = fixture_errors(loader);
	cr_expect(eq(str, errors, (char *)expected), "%s", file);
	free(errors);
}

Test(policy_file, all_errors_of_a_file_come_with_line_and_column)
{
	write_text("p.kennel", "# a policy\n"
			       "sandbox/read:on\n"
			       "  allow/raed+/x   # slip\n"
			       "\n"
			       "deny/read+/a/[x\r\n"
			       "block+/x\n"
			       "allow/read+/fine");
	expect_errors("p.kennel",
		"p.kennel:3:9: unknown category 'raed', expected a category or set (did you mean 'read'?)\n"
		"p.kennel:5:14: expected ']' to end this set\n"
		"p.kennel:6:7: expected ADDRESS, ADDRESS/PREFIX or an alias such as linklocal, found '/x'\n");
}

Test(policy_file, both_endings_are_read_with_mark_and_carriage_returns)
{
	write_text("a.kennel", "\xef\xbb\xbfsandbox/read:on\r\nallow/read+/x\r\n");
	write_text("b.syd-3", "allow/read+/x\n");
	expect_errors("a.kennel", "");
	expect_errors("b.syd-3", "");
}

Test(policy_file, bytes_that_are_no_text_are_refused)
{
	write_bytes("nul.kennel", "allow/read+/x\nallow/\0read+/y\n", 29);
	write_text("latin.kennel", "allow/read+/caf\xe9\n# caf\xe9\n");
	expect_errors("nul.kennel", "nul.kennel:2:7: expected text, found a NUL byte\n");
	expect_errors("latin.kennel", "latin.kennel:1:16: expected UTF-8, found byte 0xe9 (quoted: \\xe9)\n"
				      "latin.kennel:2:6: expected UTF-8, found byte 0xe9 (quoted: \\xe9)\n");
}

Test(policy_file, files_that_cannot_be_trusted_are_refused)
{
	write_text("open.kennel", "sandbox/read:on\n");
	cr_assert(eq(int, chmod("open.kennel", 0666), 0));
	cr_assert(eq(int, mkfifo("fifo.kennel", 0600), 0));
	cr_assert(eq(int, mkdir("folder.kennel", 0700), 0));
	write_text("plain.txt", "sandbox/read:on\n");
	expect_errors("open.kennel", "-P:1:1: expected a file that not everybody may write: 'open.kennel'\n");
	expect_errors("fifo.kennel", "-P:1:1: expected a regular file: 'fifo.kennel'\n");
	expect_errors("folder.kennel", "-P:1:1: expected a regular file: 'folder.kennel'\n");
	expect_errors("plain.txt",
		"-P:1:1: expected the name of a .kennel, .syd-3, .ipset or .netset file, found 'plain.txt'\n");
	expect_errors(
		".kennel", "-P:1:1: expected the name of a .kennel, .syd-3, .ipset or .netset file, found '.kennel'\n");
	expect_errors("none.kennel", "-P:1:1: cannot read 'none.kennel': No such file or directory\n");
}

Test(policy_file, a_file_of_somebody_else_is_refused)
{
	write_text("other.kennel", "sandbox/read:on\n");
	if (geteuid() != 0)
		cr_skip_test("only root can give a file away");
	cr_assert(eq(int, chown("other.kennel", 12345, 12345), 0));
	expect_errors("other.kennel", "-P:1:1: expected a file that belongs to root or to you: 'other.kennel'\n");
}

Test(policy_file, too_much_policy_is_refused)
{
	write_text("big.kennel", "sandbox/read:on\n");
	cr_assert(eq(int, truncate("big.kennel", (16 << 20) + 1), 0));
	expect_errors("big.kennel", "-P:1:1: expected at most 16 MiB of policy: 'big.kennel'\n");
}

Test(policy_file, a_long_line_is_refused)
{
	char *line = calloc(1, 40000);

	memset(line, 'a', 39999);
	write_text("long.kennel", line);
	expect_errors("long.kennel", "long.kennel:1:32769: expected a line of at most 32768 bytes\n");
	free(line);
}

Test(policy_file, includes_are_relative_to_the_including_file)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;

	cr_assert(eq(int, mkdir("sub", 0700), 0));
	write_text("top.kennel", "include sub/one.kennel\nallow/read+/top\n");
	write_text("sub/one.kennel", "include two\\x2ekennel # quoted\n");
	write_text("sub/two.kennel", "allow/read+/two\n");
	policy_load_file(loader, "top.kennel");
	policy = policy_loader_finish(loader, stderr);
	cr_assert_not_null(policy);
	cr_expect(policy_decide(policy, CAT_READ, "/two").action == ACTION_ALLOW);
	cr_expect(eq(str, (char *)policy_decide(policy, CAT_READ, "/two").rule->origin.file, "sub/two.kennel"));
	cr_expect(eq(uint, policy_decide(policy, CAT_READ, "/top").rule->origin.line, 2));
	policy_free(policy);
	policy_loader_free(loader);
}

Test(policy_file, loops_and_endless_depth_are_errors)
{
	char name[32];
	char text[64];

	write_text("self.kennel", "sandbox/read:on\n  include self.kennel\n");
	expect_errors("self.kennel", "self.kennel:2:11: 'self.kennel' includes itself\n");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%d.kennel", i);
		snprintf(text, sizeof(text), "include d%d.kennel\n", i + 1);
		write_text(name, text);
	}
	expect_errors("d0.kennel", "d15.kennel:1:9: expected at most 16 includes within each other\n");
}

Test(policy_file, includes_that_multiply_are_stopped)
{
	char name[32];
	char text[256];
	struct policy_loader *loader = fixture_loader();
	char *errors;

	for (int i = 0; i < 14; i++) {
		snprintf(name, sizeof(name), "m%d.kennel", i);
		snprintf(text, sizeof(text), "include m%d.kennel\ninclude m%d.kennel\n", i + 1, i + 1);
		write_text(name, text);
	}
	write_text("m14.kennel", "allow/read+/x\n");
	policy_load_file(loader, "m0.kennel");
	errors = fixture_errors(loader);
	cr_expect_not_null(strstr(errors, "expected at most 1024 policy files"));
	free(errors);
}

/* ---- Short options ---- */

static struct policy *short_policy(const char *first, const char *option, const char *value)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;

	if (first)
		policy_load_command(loader, first);
	policy_load_short(loader, option, value);
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy);
	return policy;
}

static void expect_rules(struct policy *policy, const char *expected)
{
	static const char last_setting[] = "exec/anonymous:on\n";
	char *text = fixture_print(policy);
	const char *rules = strstr(text, last_setting) + strlen(last_setting);

	cr_expect(eq(str, (char *)rules, (char *)expected));
	free(text);
	policy_free(policy);
}

Test(policy_file, ro_and_rw_are_these_rules)
{
	expect_rules(short_policy(NULL, "ro", "/nonexistent"), "allow/read,exec,readdir+/nonexistent/***\n");
	expect_rules(short_policy(NULL, "rw", "/nonexistent/"),
		"allow/read,write,exec,create,delete,rename,symlink,truncate,readdir,mkdir,rmdir,mktemp+"
		"/nonexistent/***\n");
	expect_rules(short_policy(NULL, "ro", "/"), "allow/read,exec,readdir+/***\n");
	expect_rules(
		short_policy(NULL, "ro", "/nonexistent/a*{b"), "allow/read,exec,readdir+/nonexistent/a\\*\\{b/***\n");
}

Test(policy_file, rules_of_short_options_know_which_option_made_them)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;
	const struct rule *rule;

	policy_load_short(loader, "ro", "/nonexistent/a");
	policy_load_short(loader, "hide", "/nonexistent/b");
	policy_load_short(loader, "ro", "/nonexistent/c");
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy);
	rule = policy_decide(policy, CAT_READ, "/nonexistent/b").rule;
	cr_expect(eq(str, (char *)rule->origin.file, "--hide"));
	cr_expect(eq(uint, rule->origin.line, 1));
	rule = policy_decide(policy, CAT_READ, "/nonexistent/c").rule;
	cr_expect(eq(str, (char *)rule->origin.file, "--ro"));
	cr_expect(eq(uint, rule->origin.line, 2));
	policy_free(policy);
}

Test(policy_file, exec_is_the_rule_of_that_name)
{
	expect_rules(short_policy(NULL, "exec", "/nonexistent"), "allow/exec+/nonexistent/***\n");
}

Test(policy_file, relative_paths_start_at_the_current_directory)
{
	char expected[PATH_MAX + 64];

	snprintf(expected, sizeof(expected), "allow/read,exec,readdir+%s/***\n", folder);
	expect_rules(short_policy(NULL, "ro", "."), expected);
	expect_rules(short_policy(NULL, "ro", "../../tmp/./kennel-none/.."), "allow/read,exec,readdir+/tmp/***\n");
	snprintf(expected, sizeof(expected), "allow/read,exec,readdir+%s/new/file/***\n", folder);
	expect_rules(short_policy(NULL, "ro", "./new//file"), expected);
}

Test(policy_file, a_symlink_is_named_as_written_and_as_it_is)
{
	char expected[3 * PATH_MAX];

	cr_assert(eq(int, mkdir("real", 0700), 0));
	cr_assert(eq(int, symlink("real", "link"), 0));
	snprintf(expected, sizeof(expected),
		"allow/read,exec,readdir+%s/link/x/***\nallow/read,exec,readdir+%s/real/x/***\n", folder, folder);
	expect_rules(short_policy(NULL, "ro", "link/x"), expected);
	snprintf(expected, sizeof(expected), "allow/read,exec,readdir+%s/***\n", folder);
	expect_rules(short_policy(NULL, "ro", "link/.."), expected);
}

Test(policy_file, hide_switches_on_what_was_off_and_allows_the_rest)
{
	struct policy *policy = short_policy("sandbox/all:off", "hide", "/h");

	cr_expect(policy_is_on(policy, CAT_STAT));
	cr_expect(policy_is_on(policy, CAT_WALK));
	cr_expect_not(policy_is_on(policy, CAT_READ));
	cr_expect(policy_decide(policy, CAT_STAT, "/x").action == ACTION_ALLOW);
	cr_expect(policy_decide(policy, CAT_STAT, "/h").action == ACTION_DENY);
	cr_expect(policy_decide(policy, CAT_WALK, "/h/x").action == ACTION_DENY);
	expect_rules(policy, "deny/walk,list,stat,read,write,create+/h/***\n");
	policy = short_policy("sandbox/all:on", "hide", "/h");
	cr_expect(policy_decide(policy, CAT_STAT, "/x").action == ACTION_DENY);
	policy_free(policy);
}
