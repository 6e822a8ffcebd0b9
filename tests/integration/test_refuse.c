/*
 * Denied things are denied with the right errno, leave one log line, and the tip in that
 * line, added to the policy, allows them.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct outcome refuse_outcome;

static void refuse_enter(void)
{
	fixture_enter();
	file_write("secret", "secret text\n");
	file_write("plain", "plain text\n");
	cr_assert(mkdir("closed", 0755) == 0 && mkdir("../outside", 0777) == 0 && chmod("../outside", 0777) == 0);
	file_write("closed/inner", "inner\n");
	file_write("../outside/file", "outside\n");
	cr_assert(symlink("secret", "alias") == 0);
}

TestSuite(refuse, .init = refuse_enter, .fini = fixture_leave, .timeout = 360);

#define SHELL(script) WORDS("/bin/sh", "-c", script)

/* Runs the script with one more command; the shell's errors are in English. */
static void refuse_run(const char *command, const char *script)
{
	setenv("LC_ALL", "C", 1);
	run_kennel(WORDS(WATCH_ALL, "-m", command), SHELL(script), &refuse_outcome);
}

static void refuse_expect(const char *command, const char *script, const char *error)
{
	refuse_run(command, script);
	cr_assert(refuse_outcome.status != 0 && refuse_outcome.status < 125, "%s: %s: status %d\n%s", command, script,
		refuse_outcome.status, refuse_outcome.err);
	cr_assert(strstr(refuse_outcome.err, error), "%s: %s: expected %s in\n%s", command, script, error,
		refuse_outcome.err);
}

static void refuse_allowed(const char *command, const char *script)
{
	refuse_run(command, script);
	expect_status(&refuse_outcome, 0, script);
}

/* Adds the tips of each run to the next, until the script works. The number of rounds. */
static int refuse_follow_tips(const char *const *options, const char *script)
{
	const char *all[64] = { NULL };
	size_t count = 0;
	int rounds = 0;
	char tip[4200];

	for (; options[count]; count++)
		all[count] = options[count];
	for (; rounds < 8; rounds++) {
		const char *line = refuse_outcome.err;

		run_kennel(all, SHELL(script), &refuse_outcome);
		if (refuse_outcome.status == 0)
			return rounds;
		while ((line = log_line(line, "ctx", "access", NULL, NULL)) && count < 60) {
			cr_assert(log_field(line, "tip", tip, sizeof(tip)), "no tip in %s", line);
			all[count++] = "-m";
			all[count++] = text("%s", tip);
			line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "";
		}
	}
	cr_assert_fail("the tips do not help: %s: %s", script, refuse_outcome.err);
	return -1;
}

Test(refuse, reading_a_denied_file_is_eacces_with_one_line_and_a_tip)
{
	const char *rule = text("deny/read+%s", fixture_path("secret"));

	refuse_expect(rule, "cat secret", "Permission denied");
	cr_assert(log_count(refuse_outcome.err, "cap", "read", "path", fixture_path("secret")) == 1, "%s",
		refuse_outcome.err);
	cr_assert(log_count(refuse_outcome.err, "ctx", "access", NULL, NULL) == 1, "%s", refuse_outcome.err);
	cr_assert(refuse_follow_tips(WORDS(WATCH_ALL, "-m", rule), "cat secret") == 1);
	cr_assert_str_eq(refuse_outcome.out, "secret text\n");
}

Test(refuse, a_log_line_says_who_what_and_where)
{
	static const char *const keys[] = { "id", "ctx", "cap", "act", "sys", "path", "oflags", "pid", "uid", "cmd",
		"cwd", "time", "tip" };
	char value[4200];
	const char *line;

	refuse_run(text("deny/read+%s", fixture_path("secret")), "exec cat alias");
	line = log_line(refuse_outcome.err, "cap", "read", NULL, NULL);
	cr_assert(line, "%s", refuse_outcome.err);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		cr_assert(log_field(line, keys[i], value, sizeof(value)), "no %s in %s", keys[i], line);
	cr_assert(log_field(line, "path", value, sizeof(value)) && strcmp(value, fixture_path("secret")) == 0, "%s",
		value);
	cr_assert(log_field(line, "cwd", value, sizeof(value)) && strcmp(value, fixture_path("")) == 0, "%s", value);
	cr_assert(log_field(line, "cmd", value, sizeof(value)) && strstr(value, "cat"), "%s", value);
	cr_assert(log_field(line, "sys", value, sizeof(value)) && strncmp(value, "open", 4) == 0, "%s", value);
	cr_assert(log_field(line, "act", value, sizeof(value)) && strcmp(value, "deny") == 0, "%s", value);
}

Test(refuse, a_hidden_file_does_not_exist)
{
	const char *const *hide = WORDS("-p", "work", "--hide", "secret");
	static const char *const scripts[] = { "cat secret", "cat alias", "test -e secret", "ls -l secret",
		"cat ./closed/../secret", "stat secret", "cat /proc/self/cwd/secret",
		"exec 5<. ; cat /proc/self/fd/5/secret", "echo x > secret", "touch secret", "head -c1 < secret" };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		setenv("LC_ALL", "C", 1);
		run_kennel(hide, SHELL(scripts[i]), &refuse_outcome);
		cr_assert(refuse_outcome.status != 0 && refuse_outcome.status < 125, "%s worked", scripts[i]);
		cr_assert(!strstr(refuse_outcome.out, "secret text"), "%s shows it", scripts[i]);
		cr_assert(strncmp(scripts[i], "test", 4) == 0 || strstr(refuse_outcome.err, "o such file") ||
				  strstr(refuse_outcome.err, "nonexistent"),
			"%s: %s", scripts[i], refuse_outcome.err);
	}
	run_kennel(hide, SHELL("cat plain && echo more >> plain && echo new > made"), &refuse_outcome);
	expect_status(&refuse_outcome, 0, "what is not hidden");
	cr_assert(refuse_follow_tips(hide, "cat secret") >= 1);
	cr_assert(strstr(refuse_outcome.out, "secret text"));
}

Test(refuse, writing_outside_is_eacces_and_changes_nothing)
{
	static const char *const scripts[] = {
		"echo x > ../outside/file",
		"echo x >> ../outside/file",
		"echo x > ../outside/new",
		"truncate -s 0 ../outside/file",
		"mkdir ../outside/dir",
		"rm -f ../outside/file",
		"mv ../outside/file ../outside/moved",
		"ln -s x ../outside/link",
		"mknod ../outside/node p",
		"chmod 777 ../outside/file",
		"touch -d 2001-01-01 ../outside/file",
		"chown 1:1 ../outside/file",
		"rmdir ../outside",
		"mv plain ../outside/plain",
		"ln plain ../outside/plain",
		"cp plain ../outside/copy",
		"exec 5<../outside/file; echo x > /proc/self/fd/5",
		"dd if=/dev/null of=../outside/file",
	};
	struct stat before, after;
	char content[64];

	cr_assert(stat("../outside/file", &before) == 0);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		setenv("LC_ALL", "C", 1);
		run_kennel(WORDS("-p", "work"), SHELL(scripts[i]), &refuse_outcome);
		cr_assert(refuse_outcome.status != 0 && refuse_outcome.status < 125, "%s: status %d", scripts[i],
			refuse_outcome.status);
		/* Landlock calls a link out of the hierarchy one across devices. */
		cr_assert(strstr(refuse_outcome.err, "ermission denied") ||
				  strstr(refuse_outcome.err, "nvalid cross-device link"),
			"%s: %s", scripts[i], refuse_outcome.err);
		cr_assert(stat("../outside/file", &after) == 0 && after.st_size == before.st_size &&
				  after.st_mode == before.st_mode,
			"%s", scripts[i]);
		cr_assert(after.st_mtime == before.st_mtime && after.st_uid == before.st_uid && after.st_nlink == 1,
			"%s", scripts[i]);
	}
	cr_assert(file_read("../outside/file", content, sizeof(content)) == 8 && strcmp(content, "outside\n") == 0);
	cr_assert(access("../outside/new", F_OK) != 0 && access("plain", F_OK) == 0);
}

Test(refuse, the_tip_of_a_refused_write_allows_it)
{
	cr_assert(refuse_follow_tips(WORDS("-p", "work"), "echo new > ../outside/new") >= 1);
	cr_assert(access("../outside/new", F_OK) == 0);
	cr_assert(refuse_follow_tips(WORDS("-p", "work"), "echo more >> ../outside/file") >= 1);
	cr_assert(refuse_follow_tips(WORDS("-p", "ro"), "echo more >> plain") >= 1);
}

Test(refuse, each_category_refuses_its_own_calls_only)
{
	const char *here = fixture_path("");

	refuse_expect(text("deny/create+%s/***", here), "echo x > new", "ermission denied");
	refuse_allowed(text("deny/create+%s/***", here), "echo x > plain && cat plain && test -e secret");
	refuse_expect(text("deny/truncate+%s/***", here), "echo x > plain", "ermission denied");
	refuse_allowed(text("deny/truncate+%s/***", here), "echo x >> plain && cat plain && : > made-new");
	refuse_expect(text("deny/write+%s/***", here), "echo x >> plain", "ermission denied");
	refuse_allowed(text("deny/write+%s/***", here), "cat plain && ls . && mkdir new-dir && chmod 600 plain");
	refuse_expect(text("deny/readdir+%s/***", here), "ls .", "ermission denied");
	refuse_allowed(text("deny/readdir+%s/***", here), "cat closed/inner && test -d closed");
	refuse_expect(text("deny/stat+%s/closed/***", here), "ls -l closed/inner", "o such file");
	refuse_allowed(text("deny/stat+%s/closed/***", here), "read line < closed/inner && cat plain");
	refuse_expect(text("deny/walk+%s/closed/***", here), "cat < closed/inner", "o such file");
	refuse_allowed(text("deny/walk+%s/closed/***", here), "cat < plain && ls plain");
	refuse_expect(text("deny/read+%s/closed/***", here), "cat closed/inner", "ermission denied");
	refuse_allowed(
		text("deny/read+%s/closed/***", here), "cat plain && ls -l closed/inner && echo x >> closed/inner");
}

/* Names in a refused folder: what is there neither goes nor is replaced, and nothing new comes. */
static void refuse_names(const char *rule)
{
	static const char *const scripts[] = {
		"mv -f evil prot/file",
		"mv -f evil prot/new",
		"mv -f prot/file stolen",
		"mv -f prot/empty stolen",
		"mv -f prot/file prot/new",
		"ln evil prot/new",
		"ln -s evil prot/new",
		"ln -sfn evil prot/file",
		"rm -f prot/file",
		"rmdir prot/empty",
		"rm -rf prot",
		"mkdir prot/new",
		"mkfifo prot/new",
		"cd prot && rm -f file",
		"exec 5<prot; rm -f /proc/self/fd/5/file",
	};
	char content[64], tip[4200];
	const char *line;

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		refuse_expect(rule, scripts[i], "ermission denied");
		line = log_line(refuse_outcome.err, "ctx", "access", NULL, NULL);
		cr_assert(line && log_field(line, "tip", tip, sizeof(tip)), "%s", scripts[i]);
		cr_assert(file_read("prot/file", content, sizeof(content)) == 6, "%s", scripts[i]);
		cr_assert(access("prot/empty", F_OK) == 0 && access("prot/new", F_OK) != 0 &&
				  access("stolen", F_OK) != 0 && access("evil", F_OK) == 0,
			"%s", scripts[i]);
	}
}

static void refuse_names_tree(void)
{
	cr_assert(mkdir("prot", 0777) == 0 && mkdir("prot/empty", 0777) == 0);
	file_write("prot/file", "safe!\n");
	file_write("evil", "evil\n");
}

Test(refuse, a_refused_name_is_neither_made_nor_removed_nor_replaced)
{
	refuse_names_tree();
	refuse_names(text("deny/cpath,tpath,spath+%s/prot/***", fixture_path("")));
}

Test(refuse, rename_guards_both_ends_of_a_name_and_delete_only_what_is_removed)
{
	const char *rename = text("deny/rename+%s/prot/***", fixture_path(""));
	const char *delete = text("deny/delete+%s/prot/***", fixture_path(""));

	refuse_names_tree();
	refuse_expect(rename, "mv -f evil prot/file", "ermission denied");
	cr_assert(log_count(refuse_outcome.err, "ctx", "access", NULL, NULL) == 1, "%s", refuse_outcome.err);
	refuse_expect(rename, "mv prot/file stolen", "ermission denied");
	refuse_expect(rename, "ln prot/file stolen", "ermission denied");
	refuse_expect(rename, "ln evil prot/new", "ermission denied");
	refuse_expect(delete, "rm -f prot/file", "ermission denied");
	refuse_allowed(delete, "mkdir prot/new && mkfifo prot/new/fifo && ln -s x prot/link && rmdir prot/empty");
	refuse_allowed(rename, "rm prot/link prot/new/fifo prot/file && rmdir prot/new && echo x > prot/file");
}

Test(refuse, names_are_made_moved_and_removed_where_writing_is_allowed)
{
	const char *script = "mkdir a && echo x > a/f && mv a/f a/g && mkdir b && mv a/g b/g && ln b/g b/h && "
			     "mv b c && ln -s g c/l && mv -f c/h c/l && echo y > c/i && mv -f c/i c/g && rm -r a c";

	run_kennel(WORDS("-p", "work"), SHELL(text("mkfifo p && mv p q && rm q && %s", script)), &refuse_outcome);
	expect_status(&refuse_outcome, 0, "in work");
	run_kennel(WORDS("-p", "ro", "--rw", "closed"), SHELL(text("cd closed && %s", script)), &refuse_outcome);
	expect_status(&refuse_outcome, 0, "below --rw");
}

/* A wildcard names what may be made: the folder that holds all of it is only a ceiling. */
Test(refuse, a_pattern_of_names_to_create_gives_no_right_to_others_beside_them)
{
	const char *const *options =
		WORDS("-p", "ro", "-m", text("allow/write,cpath,tpath+%s/*.tmp", fixture_path("")));

	run_kennel(options, SHELL("echo x > a.tmp && mv a.tmp b.tmp && rm b.tmp && mkdir d.tmp && rmdir d.tmp"),
		&refuse_outcome);
	expect_status(&refuse_outcome, 0, "what the pattern names");
	run_kennel(options,
		SHELL("rm -f plain; mkdir d; ln -s x l; mkfifo p; rmdir closed; : > a.tmp; mv a.tmp plain; "
		      "mv plain b.tmp; ln a.tmp l"),
		&refuse_outcome);
	cr_assert(access("plain", F_OK) == 0 && access("d", F_OK) != 0 && access("p", F_OK) != 0);
	cr_assert(access("b.tmp", F_OK) != 0 && access("a.tmp", F_OK) == 0);
	cr_assert(log_count(refuse_outcome.err, "ctx", "access", NULL, NULL) >= 8, "%s", refuse_outcome.err);
}

Test(refuse, the_tips_of_refused_names_allow_them)
{
	cr_assert(refuse_follow_tips(WORDS("-p", "ro", "-p", "work", "-m",
					     text("deny/cpath,tpath+%s/closed/***", fixture_path(""))),
			  "mkdir -p closed/d && rmdir closed/d && mv plain closed/inner") >= 1);
	cr_assert(access("plain", F_OK) != 0);
}

Test(refuse, refused_truncation_and_creation_have_no_effect)
{
	char content[64];

	refuse_run(text("deny/truncate+%s", fixture_path("plain")), "echo x > plain");
	cr_assert(file_read("plain", content, sizeof(content)) == 11);
	refuse_run(text("deny/write+%s", fixture_path("plain")), ": > plain; truncate -s 1 plain");
	cr_assert(file_read("plain", content, sizeof(content)) == 11);
	refuse_run(text("deny/create+%s", fixture_path("new")), ": > new; touch new");
	cr_assert(access("new", F_OK) != 0);
	refuse_run(text("deny/create,write+%s", fixture_path("new")), "echo x >> new");
	cr_assert(access("new", F_OK) != 0);
}

/* A rule on the write of a new file must not leave an empty file behind. */
Test(refuse, a_file_whose_write_is_refused_is_not_made)
{
	refuse_run(text("deny/write+%s", fixture_path("new")), "echo x > new");
	cr_assert(refuse_outcome.status != 0 && access("new", F_OK) != 0);
}

Test(refuse, the_last_rule_that_matches_decides)
{
	const char *secret = fixture_path("secret");

	run_kennel(WORDS(WATCH_ALL, "-m", text("deny/read+%s", secret), "-m", text("allow/read+%s", secret)),
		SHELL("cat secret"), &refuse_outcome);
	expect_status(&refuse_outcome, 0, "allowed last");
	run_kennel(
		WORDS(WATCH_ALL, "-m", text("allow/read+%s", secret), "-m", text("deny/read+%s/***", fixture_path(""))),
		SHELL("cat secret"), &refuse_outcome);
	cr_assert(refuse_outcome.status == 1);
}

Test(refuse, patterns_stop_where_they_say)
{
	const char *here = fixture_path("");

	cr_assert(mkdir("secret-dir", 0755) == 0);
	file_write("secret2", "x");
	file_write("closed/.dot", "x");
	refuse_allowed(text("deny/read+%s", fixture_path("secret")), "cat secret2");
	refuse_allowed(text("deny/read+%s/closed/*", here), "ls closed");
	refuse_expect(text("deny/read+%s/closed/*", here), "cat closed/.dot", "ermission denied");
	refuse_allowed(text("deny/read+%s/*/x/inner", here), "cat closed/inner");
	refuse_expect(text("deny/read+%s/{secret,other}", here), "cat secret", "ermission denied");
	refuse_expect(text("deny/read+%s/s?cre[st]", here), "cat secret", "ermission denied");
}

Test(refuse, actions_do_what_their_names_say)
{
	const char *secret = fixture_path("secret");

	refuse_expect(text("filter/read+%s", secret), "cat secret", "ermission denied");
	cr_assert(!log_line(refuse_outcome.err, "ctx", "access", NULL, NULL), "%s", refuse_outcome.err);
	refuse_allowed(text("warn/read+%s", secret), "cat secret");
	cr_assert(log_count(refuse_outcome.err, "act", "warn", "path", secret) == 1, "%s", refuse_outcome.err);
	refuse_run(text("kill/read+%s", secret), "cat secret; echo $?");
	cr_assert_str_eq(refuse_outcome.out, "137\n");
	refuse_run(text("abort/read+%s", secret), "cat secret; echo $?");
	cr_assert_str_eq(refuse_outcome.out, "134\n");
	refuse_run(text("exit/read+%s", secret), "cat secret; echo survived");
	cr_assert(refuse_outcome.status == EACCES && !strstr(refuse_outcome.out, "survived"), "status %d",
		refuse_outcome.status);
	refuse_run(text("panic/read+%s", secret), "cat secret; echo survived");
	cr_assert(refuse_outcome.status != 0 && !strstr(refuse_outcome.out, "survived"));
	cr_assert(log_line(refuse_outcome.err, "act", "panic", NULL, NULL) && fixture_all_gone(2000));
}

Test(refuse, names_with_odd_bytes_forge_no_log_line_and_match_bytewise)
{
	const char *name = "odd\n{\"ctx\":\"access\",\"cap\":\"forged\"}\x1b[31m\xff\"\\";
	char path[4200];
	const char *line;

	file_write(name, "odd");
	run_kennel(WORDS(WATCH_ALL, "-m", text("deny/read+%s/odd*", fixture_path(""))), WORDS("/bin/cat", name),
		&refuse_outcome);
	cr_assert(refuse_outcome.status == 1);
	line = log_line(refuse_outcome.err, "cap", "read", NULL, NULL);
	cr_assert(line && !log_line(refuse_outcome.err, "cap", "forged", NULL, NULL), "%s", refuse_outcome.err);
	cr_assert(!memchr(line, '\x1b', strcspn(line, "\n")));
	cr_assert(log_field(line, "path", path, sizeof(path)) && strstr(path, "odd\n{\"ctx\""), "%s", path);
}

Test(refuse, links_and_dots_lead_to_the_same_decision)
{
	const char *rule = text("deny/read+%s", fixture_path("secret"));
	static const char *const scripts[] = { "cat alias", "cat ./secret", "cat closed/../secret", "cat .//secret",
		"cd closed && cat ../secret", "cat /proc/self/cwd/secret", "cat /proc/self/root$PWD/secret",
		"cat < alias", "exec 4<.; cat /dev/fd/4/secret", "exec 4<.; cat /proc/self/fd/4/closed/../alias",
		"cat /proc/$$/cwd/secret", "cat /proc/$PPID/cwd/secret", "cat /proc/1/root$PWD/secret" };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		refuse_run(rule, scripts[i]);
		cr_assert(refuse_outcome.status != 0 && !strstr(refuse_outcome.out, "secret text"), "%s", scripts[i]);
	}
}

/* A descriptor for reading gives no way to write to a file that a rule protects. */
Test(refuse, magic_links_give_no_more_than_their_file)
{
	const char *rule = text("deny/write,truncate,chmod+%s", fixture_path("plain"));
	char content[64];

	refuse_expect(rule, "exec 5<plain; echo x >> /proc/self/fd/5", "ermission denied");
	refuse_expect(rule, "exec 5<plain; echo x > /dev/fd/5", "ermission denied");
	refuse_expect(rule, "echo x < plain >> /dev/stdin", "ermission denied");
	refuse_expect(rule, "exec 5<plain; truncate -s 0 /proc/self/fd/5", "ermission denied");
	refuse_expect(rule, "exec 5<plain; chmod 777 /proc/self/fd/5", "ermission denied");
	refuse_allowed(rule, "exec 5<plain; cat /proc/self/fd/5");
	cr_assert(file_read("plain", content, sizeof(content)) == 11);
}

Test(refuse, ro_lets_read_and_nothing_be_written)
{
	run_kennel(WORDS("-p", "ro"),
		SHELL("cat plain /etc/passwd > /dev/null && ls / > /dev/null && grep -q . /proc/self/status"),
		&refuse_outcome);
	expect_status(&refuse_outcome, 0, "reading under ro");
	run_kennel(WORDS("-p", "ro"),
		SHELL("echo x > new; echo x >> plain; mkdir d; rm -f secret; mv plain moved; ln -s a b; chmod 0 "
		      "plain; test ! -e new"),
		&refuse_outcome);
	cr_assert(access("new", F_OK) != 0 && access("d", F_OK) != 0 && access("secret", F_OK) == 0 &&
		  access("plain", R_OK) == 0 && access("b", F_OK) != 0);
}

Test(refuse, the_short_options_are_the_rules_they_stand_for)
{
	run_kennel(WORDS("-p", "ro", "--rw", "closed"),
		SHELL("echo x > closed/new && rm closed/new && mkdir closed/d && rmdir closed/d && ! echo x > new"),
		&refuse_outcome);
	expect_status(&refuse_outcome, 0, "--rw of a folder");
	run_kennel(WORDS("--ro", "/", "--rw", "closed", "-m", "default/walk,list,stat,ioctl,fs:allow"),
		SHELL("cat plain && echo x > closed/new"), &refuse_outcome);
	expect_status(&refuse_outcome, 0, "--ro and --rw alone");
}

Test(refuse, the_tip_of_a_move_that_would_give_rights_allows_it)
{
	const char *const *options = WORDS(WATCH_ALL, "-m", text("deny/read,write+%s/***", fixture_path("held")));

	cr_assert(mkdir("held", 0755) == 0 && mkdir("held/folder", 0755) == 0);
	file_write("held/file", "f\n");
	cr_assert_eq(refuse_follow_tips(options, "mv held/file free"), 1);
	cr_assert_eq(refuse_follow_tips(options, "mv held/folder free2"), 1);
	cr_assert(access("free", F_OK) == 0 && access("free2", F_OK) == 0);
}
