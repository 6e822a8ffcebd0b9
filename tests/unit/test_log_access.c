/*
 * The records of a refusal and of a mismatch: hostile names in every field, tips, flags in words.
 * What is read of the target is faked.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/access.h"
#include "core/call.h"
#include "core/log.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "tests/unit/json_check.h"

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor, .id = "00112233aabbccdd" };
static struct call call = { .sandbox = &sandbox, .tid = 4321, .sysno = SC_stat };
static const char *command = "cat /etc/passwd";
static const char *cwd = "/home/u";
static pid_t leader = 4320;
static uint64_t allowed; /* CAT_BIT()s */
static int pipes[2];
static char line[1 << 18];
static char member[1 << 17];

int process_status_read(struct call *asked, struct process_status *status_out)
{
	(void)asked;
	if (!leader)
		return -ESRCH;
	*status_out = (struct process_status){ .tgid = leader, .uid = 1000 };
	return 0;
}

void process_command(struct call *asked, char *buffer, size_t size)
{
	(void)asked;
	snprintf(buffer, size, "%s", command);
}

void process_cwd(struct call *asked, char *buffer, size_t size)
{
	(void)asked;
	snprintf(buffer, size, "%s", cwd);
}

bool access_allows(const struct call *asked, enum category category, const char *name)
{
	(void)asked;
	(void)name;
	return allowed & CAT_BIT(category);
}

uint64_t call_arg(const struct call *asked, unsigned index)
{
	return asked->args[index];
}

static void log_access_setup(void)
{
	cr_assert_eq(pipe2(pipes, O_NONBLOCK), 0);
	fcntl(pipes[1], F_SETPIPE_SZ, 1 << 18);
	supervisor.log = log_new(pipes[1]);
	memset(line, 0, sizeof(line));
}

static void log_access_end(void)
{
	log_free(supervisor.log);
}

TestSuite(log_access, .init = log_access_setup, .fini = log_access_end, .timeout = 120);

static void log_access_read(void)
{
	ssize_t length = read(pipes[0], line, sizeof(line) - 1);

	cr_assert_gt(length, 0);
	line[length] = '\0';
	cr_expect(json_check_line(line, (size_t)length), "%s", line);
}

static void log_access_one(enum category category, enum action action, const char *name)
{
	log_access(&call, category, action, name);
	log_access_read();
}

static const char *log_access_member(const char *key)
{
	return json_check_member(line, key, member, sizeof(member)) ? member : "(none)";
}

Test(log_access, refusal_says_who_what_and_where)
{
	log_access_one(CAT_STAT, ACTION_DENY, "/etc/passwd");
	cr_expect_str_eq(log_access_member("id"), "\"00112233aabbccdd\"");
	cr_expect_str_eq(log_access_member("ctx"), "\"access\"");
	cr_expect_str_eq(log_access_member("cap"), "\"stat\"");
	cr_expect_str_eq(log_access_member("act"), "\"deny\"");
	cr_expect_str_eq(log_access_member("sys"), "\"stat\"");
	cr_expect_str_eq(log_access_member("path"), "\"/etc/passwd\"");
	cr_expect_str_eq(log_access_member("pid"), "4320");
	cr_expect_str_eq(log_access_member("uid"), "1000");
	cr_expect_str_eq(log_access_member("cmd"), "\"cat /etc/passwd\"");
	cr_expect_str_eq(log_access_member("cwd"), "\"/home/u\"");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/stat+/etc/passwd\"");
	cr_expect_str_eq(log_access_member("oflags"), "(none)");
	cr_expect_str_neq(log_access_member("time"), "(none)");
}

Test(log_access, move_that_gives_more_says_from_where_and_what_would_make_the_names_equal)
{
	log_move(&call, "/a/b c", "/d", false, CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_READ));
	log_access_read();
	cr_expect_str_eq(log_access_member("cap"), "\"rename\"");
	cr_expect_str_eq(log_access_member("act"), "\"deny\"");
	cr_expect_str_eq(log_access_member("path"), "\"/d\"");
	cr_expect_str_eq(log_access_member("from"), "\"/a/b c\"");
	cr_expect_str_neq(log_access_member("why"), "(none)");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/read,write+/a/b c\"");
	log_move(&call, "/a", "/d", true, CAT_BIT(CAT_EXEC));
	log_access_read();
	cr_expect_str_eq(log_access_member("tip"), "\"allow/exec+/a/***\"");
}

Test(log_access, thread_stands_for_a_process_that_cannot_be_read)
{
	leader = 0;
	log_access_one(CAT_STAT, ACTION_DENY, "/x");
	cr_expect_str_eq(log_access_member("pid"), "4321");
}

Test(log_access, warning_has_no_tip)
{
	log_access_one(CAT_STAT, ACTION_WARN, "/x");
	cr_expect_str_eq(log_access_member("act"), "\"warn\"");
	cr_expect_str_eq(log_access_member("tip"), "(none)");
}

Test(log_access, names_cannot_forge_a_line_or_a_member)
{
	static const char *const hostile[] = {
		"/x\"}\n{\"act\":\"allow\",\"path\":\"/y",
		"/x\",\"act\":\"allow",
		"/\x1b]0;title\x07\x1b[2J",
		"/\xc2\x9b"
		"31m\x9b"
		"0m",
		"/\xff\xfe\xc0\x8a\xed\xa0\x80",
		"/\r\b\x7f\\",
		"/*?[a-z]{a,b}\\*",
		"/%s%n%999999d",
		"/\xc3",
	};

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		command = cwd = hostile[i];
		call.subject = NULL;
		log_access_one(CAT_STAT, ACTION_DENY, hostile[i]);
		cr_expect_str_eq(log_access_member("act"), "\"deny\"", "%s", line);
		cr_expect_str_eq(log_access_member("ctx"), "\"access\"", "%s", line);
		cr_expect_str_neq(log_access_member("path"), "(none)", "%s", line);
		cr_expect_str_neq(log_access_member("cmd"), "(none)", "%s", line);
		cr_expect_str_neq(log_access_member("cwd"), "(none)", "%s", line);
		cr_expect_str_neq(log_access_member("tip"), "(none)", "%s", line);
	}
}

Test(log_access, tip_quotes_what_the_language_gives_a_meaning_to)
{
	log_access_one(CAT_STAT, ACTION_DENY, "/a*b");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/stat+/a\\\\*b\"");
}

Test(log_access, tip_names_every_category_that_would_refuse)
{
	call.wants = CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE);
	allowed = CAT_BIT(CAT_WRITE);
	log_access_one(CAT_CREATE, ACTION_DENY, "/d/f");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/create,read+/d/f\"");
}

Test(log_access, tip_of_a_refused_directory_reaches_to_the_whole_name)
{
	call.subject = "/a/b/c*d/e";
	log_access_one(CAT_WALK, ACTION_DENY, "/a/b");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/walk+/a/b{,/c\\\\*d{,/e}}\"");
}

Test(log_access, subject_elsewhere_does_not_reach_the_tip)
{
	call.subject = "/other/name";
	log_access_one(CAT_WALK, ACTION_DENY, "/a/b");
	cr_expect_str_eq(log_access_member("tip"), "\"allow/walk+/a/b\"");
}

Test(log_access, open_flags_are_words)
{
	static const struct {
		enum sysno sysno;
		int flags;
		const char *expected;
	} rows[] = {
		{ SC_open, O_RDONLY | O_CLOEXEC, "[\"rdonly\"]" },
		{ SC_open, O_WRONLY | O_CREAT | O_EXCL, "[\"wronly\",\"creat\",\"excl\"]" },
		{ SC_openat, O_RDWR | O_TRUNC | O_APPEND, "[\"rdwr\",\"trunc\",\"append\"]" },
		{ SC_openat, O_RDWR | O_TMPFILE, "[\"rdwr\",\"tmpfile\"]" },
		{ SC_openat, O_RDONLY | O_DIRECTORY, "[\"rdonly\"]" },
		{ SC_creat, 0644, "[\"wronly\",\"creat\",\"trunc\"]" },
		{ SC_stat, O_CREAT, "(none)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		call.sysno = rows[i].sysno;
		memset(call.args, 0, sizeof(call.args));
		call.args[rows[i].sysno == SC_openat ? 2 : 1] = (uint64_t)rows[i].flags;
		log_access_one(CAT_READ, ACTION_DENY, "/x");
		cr_expect_str_eq(log_access_member("oflags"), rows[i].expected, "row %zu", i);
	}
}

Test(log_access, longest_plain_name_fits_with_its_tip)
{
	static char name[PATH_MAX];

	for (size_t i = 0; i < PATH_MAX - 1; i++)
		name[i] = i % 2 ? 'a' : '/';
	call.subject = name;
	cwd = name;
	log_access_one(CAT_STAT, ACTION_DENY, name);
	cr_expect_str_neq(log_access_member("tip"), "(none)");
	name[2] = '\0';
	name[0] = '/';
	call.subject = name;
	log_access_one(CAT_WALK, ACTION_DENY, "/a");
}

/* Whatever a program does to its names, the reader of the log learns that there was something. */
Test(log_access, record_that_does_not_fit_is_counted)
{
	static char name[PATH_MAX];

	memset(name, '\1', sizeof(name) - 1);
	name[0] = '/';
	command = cwd = name;
	log_access(&call, CAT_STAT, ACTION_DENY, name);
	command = cwd = "/";
	log_access(&call, CAT_STAT, ACTION_DENY, "/next");
	cr_assert_gt(read(pipes[0], line, sizeof(line) - 1), 0);
	cr_expect_not_null(strstr(line, "/next"));
	cr_expect(
		strncmp(line, "{\"ctx\":\"log\",\"dropped\":1}\n", 26) == 0 || strstr(line, "\\u0001"), "%.200s", line);
}

Test(log_access, mismatch_names_both_and_the_kill)
{
	call.sysno = SC_execve;
	log_mismatch(&call, CAT_EXEC, "/bin/allowed", "/bin/refused");
	log_access_read();
	cr_expect_str_eq(log_access_member("id"), "\"00112233aabbccdd\"");
	cr_expect_str_eq(log_access_member("ctx"), "\"mismatch\"");
	cr_expect_str_eq(log_access_member("cap"), "\"exec\"");
	cr_expect_str_eq(log_access_member("act"), "\"kill\"");
	cr_expect_str_eq(log_access_member("sys"), "\"execve\"");
	cr_expect_str_eq(log_access_member("path"), "\"/bin/allowed\"");
	cr_expect_str_eq(log_access_member("found"), "\"/bin/refused\"");
	cr_expect_str_eq(log_access_member("pid"), "4320");
	cr_expect_str_eq(log_access_member("uid"), "1000");
	cr_expect_str_eq(log_access_member("cmd"), "\"cat /etc/passwd\"");
	cr_expect_str_eq(log_access_member("cwd"), "\"/home/u\"");
	cr_expect_str_eq(log_access_member("tip"), "(none)");
	cr_expect_str_neq(log_access_member("time"), "(none)");
}

Test(log_access, mismatch_without_a_checked_name_has_no_path)
{
	log_mismatch(&call, CAT_EXEC, NULL, "/x\"}\n{\"path\":\"/y");
	log_access_read();
	cr_expect_str_eq(log_access_member("path"), "(none)");
	cr_expect_str_eq(log_access_member("found"), "\"/x\\\"}\\u000a{\\\"path\\\":\\\"/y\"");
}

Test(log_access, mismatch_of_the_worst_names_is_written)
{
	static char name[PATH_MAX];

	memset(name, '\1', sizeof(name) - 1);
	command = cwd = name;
	log_mismatch(&call, CAT_EXEC, name, name);
	log_access_read();
	cr_expect_str_neq(log_access_member("path"), "(none)");
	cr_expect_str_neq(log_access_member("found"), "(none)");
	cr_expect_str_eq(log_access_member("cwd"), "(none)");
}
