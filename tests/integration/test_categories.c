/*
 * Each category refuses every call of its own with its errno, without any effect, and lets the
 * same calls through beside the refused names: for root and nobody, from 64-bit and i386 code.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

TestSuite(categories, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome category_outcome;

static const char *const category_names[] = { "delete", "rmdir", "mkdir", "symlink", "rename", "chown", "chgrp",
	"chmod", "chattr", "utime", "mkfifo", "mkcdev", "mkbdev", "create", "truncate", "mktemp", "read", "stat" };
#define CATEGORY_COUNT (sizeof(category_names) / sizeof(category_names[0]))

/* Device nodes need a rule, which the default is not; reads and stats of all but prot are allowed. */
#define CATEGORY_OPTIONS "-m", "allow/dpath+/***", WATCH_ALL, ABIS

static void category_tree(uid_t uid)
{
	static const char *const names[] = { "prot", "prot/file", "prot/empty", "prot/link", "." };

	cr_assert(mkdir("prot", 0700) == 0 && mkdir("prot/empty", 0700) == 0 && symlink("file", "prot/link") == 0);
	file_write("prot/file", "prot");
	if (setxattr("prot/file", "user.old", "v", 1, 0) < 0)
		cr_skip_test("the filesystem of the tests has no user attributes");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && uid; i++)
		cr_assert(lchown(names[i], uid, uid) == 0);
}

/* All that could have changed in prot, as text. */
static void category_look(char *text, size_t size)
{
	static const char *const names[] = { "prot", "prot/file", "prot/empty", "prot/link" };
	size_t length = 0;
	DIR *directory = opendir("prot");
	struct dirent *entry;
	unsigned entries = 0;
	struct stat st;

	cr_assert(directory);
	while ((entry = readdir(directory)))
		entries++;
	closedir(directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_assert(lstat(names[i], &st) == 0, "%s", names[i]);
		length += (size_t)snprintf(text + length, size - length, "%s %lu %o %u:%u %lu %lld %ld.%09ld\n",
			names[i], (unsigned long)st.st_ino, st.st_mode, st.st_uid, st.st_gid,
			(unsigned long)st.st_nlink, (long long)st.st_size, (long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	}
	snprintf(text + length, size - length, "%u entries\n", entries);
}

static void category_run(const char *const *options, uid_t uid, const char *guest, const char *category)
{
	const char *const *command = WORDS(fixture_guest(guest), category, options ? NULL : "native");

	fixture_run(&(struct job){ .options = options, .command = command, .uid = uid }, &category_outcome);
	expect_status(&category_outcome, 0, category);
}

static void category_check(uid_t uid, const char *guest)
{
	char before[1024], after[1024];

	if (uid)
		fixture_need_root();
	category_tree(uid);
	category_look(before, sizeof(before));
	for (size_t i = 0; i < CATEGORY_COUNT; i++) {
		const char *rule = text("deny/%s+%s/***", category_names[i], fixture_path("prot"));

		category_run(WORDS(CATEGORY_OPTIONS, "-m", rule), uid, guest, category_names[i]);
		cr_assert(log_line(category_outcome.err, "cap", category_names[i], NULL, NULL), "%s: no log line: %s",
			category_names[i], category_outcome.err);
		category_look(after, sizeof(after));
		cr_assert_str_eq(before, after, "%s has changed\n%sto\n%s", category_names[i], before, after);
	}
}

/* Control: all of it works natively. */
Test(categories, are_free_natively)
{
	category_tree(0);
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		category_run(NULL, 0, "try_categories", category_names[i]);
}

Test(categories, refuse_each_call_of_their_own_and_change_nothing)
{
	category_check(0, "try_categories");
}

Test(categories, refuse_nobody_too)
{
	category_check(NOBODY, "try_categories");
}

Test(categories, refuse_i386_callers_too)
{
	category_check(0, "try_categories.32");
}

Test(categories, refuse_ilp32_callers_too)
{
	category_check(0, "try_categories.ilp32");
}

Test(categories, refuse_nobody_from_i386_code_too)
{
	category_check(NOBODY, "try_categories.32");
}

#define SHELL(script) WORDS("/bin/sh", "-c", script)

/* The ceiling of Landlock must hold nothing up that a rule allows, whatever the kind. */
Test(categories, a_single_allowed_one_is_not_stopped_by_the_ceiling_of_the_others)
{
	static const struct {
		const char *category;
		const char *script;
	} rows[] = {
		{ "mkdir", "mkdir prot/new" },
		{ "rmdir", "rmdir prot/empty" },
		{ "delete", "rm -f prot/file" },
		{ "symlink", "ln -s x prot/new" },
		{ "mkfifo", "mkfifo prot/new" },
		{ "rename", "mv prot/file prot/new && mv prot/empty prot/moved && ln prot/new prot/n2" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *rule = text("allow/%s+%s/***", rows[i].category, fixture_path("prot"));

		run_native(SHELL("rm -rf prot"), &category_outcome);
		category_tree(0);
		run_kennel(WORDS("-p", "ro"), SHELL(rows[i].script), &category_outcome);
		cr_assert(category_outcome.status != 0, "%s under ro", rows[i].script);
		run_kennel(WORDS("-p", "ro", "-m", rule), SHELL(rows[i].script), &category_outcome);
		expect_status(&category_outcome, 0, rows[i].script);
	}
}

Test(categories, a_category_that_is_off_is_not_stopped_by_the_ceiling)
{
	run_kennel(WORDS("-p", "ro", "-m", "sandbox/mkdir,rmdir:off"), SHELL("mkdir a && rmdir a"), &category_outcome);
	expect_status(&category_outcome, 0, "off");
	run_kennel(WORDS("-p", "ro", "-m", "default/symlink:warn"), SHELL("ln -s x y"), &category_outcome);
	expect_status(&category_outcome, 0, "warned of");
	run_kennel(WORDS("-p", "ro", "-m", "allow/delete+/***"), SHELL("rm y"), &category_outcome);
	expect_status(&category_outcome, 0, "allowed everywhere");
}

Test(categories, work_allows_what_a_build_does_and_no_device)
{
	fixture_need_root();
	run_kennel(WORDS("-p", "work"),
		SHELL("mkdir a && echo x > a/f && chmod 751 a/f && chown 1:1 a/f && touch -d 2001-01-01 a/f && "
		      "mkfifo a/p && ln a/f a/g && mv a/g a/h && ln -s f a/l && rm a/h && "
		      "! mknod a/n c 1 3 && ! mknod a/n b 7 250"),
		&category_outcome);
	expect_status(&category_outcome, 0, "in the work");
	cr_assert(access("a/n", F_OK) != 0);
	run_kennel(WORDS("-p", "work", "-m", text("allow/mkcdev+%s", fixture_path("a/n"))),
		SHELL("mknod a/n c 1 3 && ! mknod a/m c 1 3"), &category_outcome);
	expect_status(&category_outcome, 0, "a device that a rule allows");
}

/* Nobody gets a device by Kennel's capabilities. */
Test(categories, a_device_needs_the_capability_of_the_target)
{
	struct job job = { .options = WORDS("-m", "allow/dpath+/***", WATCH_ALL), .uid = NOBODY };

	fixture_need_root();
	cr_assert(chmod(".", 0777) == 0);
	job.command = SHELL("mknod n c 1 3");
	fixture_run(&job, &category_outcome);
	cr_assert(category_outcome.status != 0 && strstr(category_outcome.err, "not permitted"), "%s",
		category_outcome.err);
	cr_assert(access("n", F_OK) != 0);
}

Test(categories, devices_are_not_made_without_a_rule)
{
	fixture_need_root();
	run_kennel(WORDS(WATCH_ALL), SHELL("mknod n c 1 3"), &category_outcome);
	cr_assert(category_outcome.status != 0 && strstr(category_outcome.err, "not permitted"), "%s",
		category_outcome.err);
	run_kennel(WORDS(WATCH_ALL, "-m", "sandbox/dpath:off"), SHELL("mknod n b 7 250"), &category_outcome);
	cr_assert(category_outcome.status != 0 && strstr(category_outcome.err, "not permitted"));
	cr_assert(access("n", F_OK) != 0);
}

/* Ids and modes are the target's: umask, the sticky bit, a directory's group, its default ACL. */
Test(categories, names_are_made_and_removed_with_the_rights_of_the_target)
{
	const char *const *options = WORDS("-m", "allow/dpath+/***", WATCH_ALL);
	struct job job = { .options = options, .uid = NOBODY };

	fixture_need_root();
	cr_assert(mkdir("sticky", 0777) == 0 && chmod("sticky", 03777) == 0 && chown("sticky", 0, 7) == 0);
	file_write("sticky/file", "root's\n");
	job.command = SHELL("umask 027; mkdir sticky/d && mkfifo sticky/p && ln -s x sticky/l; ! rm -f sticky/file && "
			    "! mv sticky/file sticky/g && ! ln sticky/file sticky/h && rm sticky/l");
	fixture_run(&job, &category_outcome);
	expect_status(&category_outcome, 0, "in a sticky folder");
	run_native(SHELL("stat -c '%a %u %g' sticky/d sticky/p"), &category_outcome);
	cr_assert_str_eq(category_outcome.out, text("2750 %u 7\n640 %u 7\n", NOBODY, NOBODY));
}

/* Natively only where the sysctl says so; what it forbids, no policy allows. */
Test(categories, links_of_others_are_followed_in_a_sticky_folder_only_if_the_policy_says_so)
{
	static const char *const sysctl[] = { "/bin/cat", "/proc/sys/fs/protected_symlinks", NULL };
	const char *const *read_all = SHELL("cat sticky/link; cat sticky/own; cat sticky/folder/file");
	const char *all = "by the link\nby the link\nby the link\n", *own = "by the link\nby the link\n";
	bool natively;

	fixture_need_root();
	cr_assert(mkdir("sticky", 0777) == 0 && chmod("sticky", 01777) == 0 && mkdir("folder", 0755) == 0);
	file_write("file", "by the link\n");
	file_write("folder/file", "by the link\n");
	cr_assert(symlink("../file", "sticky/link") == 0 && lchown("sticky/link", NOBODY, NOBODY) == 0);
	cr_assert(symlink("../folder", "sticky/folder") == 0 && lchown("sticky/folder", NOBODY, NOBODY) == 0);
	cr_assert(symlink("../file", "sticky/own") == 0);
	run_native(sysctl, &category_outcome);
	natively = category_outcome.out[0] == '0';
	run_kennel(WORDS(WATCH_ALL), read_all, &category_outcome);
	cr_assert_str_eq(category_outcome.out, own, "%s", category_outcome.out);
	cr_assert(strstr(category_outcome.err, "Permission denied"), "%s", category_outcome.err);
	cr_assert(!natively || strstr(category_outcome.err, "allow_unsafe/symlinks:on"), "%s", category_outcome.err);
	run_kennel(WORDS(WATCH_ALL, "-m", "sandbox/walk:off"), read_all, &category_outcome);
	cr_assert_str_eq(category_outcome.out, own, "%s", category_outcome.out);
	run_kennel(WORDS(WATCH_ALL, "-m", "allow_unsafe/symlinks:on"), read_all, &category_outcome);
	cr_assert_str_eq(category_outcome.out, natively ? all : own, "%s", category_outcome.out);
}

/* Who is somewhere may stay there when it is not let in any more, and the names are what they were. */
Test(categories, decide_by_the_name_where_the_program_may_not_walk_it)
{
	const char *script = "mkdir -p a/secret a/open && echo s > a/secret/f && echo o > a/open/f && "
			     "(cd a/secret && chmod 0 .. && cat f); chmod 700 a; (cd a/open && chmod 0 .. && cat f); "
			     "chmod 700 a";
	struct job job = { .options = WORDS(
				   "-m", "default/all:allow", "-m", text("deny/read+%s", fixture_path("a/secret/f"))),
		.command = SHELL(script),
		.uid = NOBODY };

	fixture_need_root();
	cr_assert(chmod(".", 0777) == 0);
	fixture_run(&job, &category_outcome);
	cr_assert_str_eq(category_outcome.out, "o\n", "%s%s", category_outcome.out, category_outcome.err);
	cr_assert(log_count(category_outcome.err, "cap", "read", "path", fixture_path("a/secret/f")) == 1, "%s",
		category_outcome.err);
}

/* Somebody outside does `how` to the mount m, or to above, while the sandbox is below it: names are what they were. */
static void category_expect_known(const char *how)
{
	const char *rule = text("deny/read+%s", fixture_path("above/m/private/***"));
	/* Where the kernel tells a name without the mount, this one is as if it had it. */
	const char *twice = text("above/m%s", fixture_path("above/m"));
	const char *script =
		text("mkdir -p above/m && mkfifo ready go && mount -t tmpfs none above/m && "
		     "mkdir -p above/m/private above/m/open %s && echo s | tee %s/f > above/m/private/f && "
		     "echo o > above/m/open/f || exit 9; "
		     "(cd above/m/open && exec \"$KENNEL\" run %s -m '%s' -m 'deny/read+%s/***' -- /bin/sh -c "
		     "'look() { cat f ../private/f ../%s/f /proc/self/fd/3; }; "
		     "exec 3> ../private/removed; echo s >&3; rm ../private/removed; "
		     "look; echo > %s; read -r x < %s; look') & "
		     "read -r x < ready; %s; echo > go; wait $!",
			twice, twice, "-m default/all:allow", rule, fixture_path(twice), fixture_path("above/m"),
			fixture_path("ready"), fixture_path("go"), how);
	const char *const *refused = WORDS("above/m/private/f", text("%s/f", twice), "above/m/private/removed");

	run_native(WORDS("unshare", "-m", "/bin/sh", "-c", script), &category_outcome);
	cr_assert_str_eq(category_outcome.out, "o\no\n", "%s: %s%s", how, category_outcome.out, category_outcome.err);
	for (size_t i = 0; refused[i]; i++)
		cr_assert(log_count(category_outcome.err, "cap", "read", "path", fixture_path(refused[i])) == 2,
			"%s: %s%s", how, refused[i], category_outcome.err);
	run_native(WORDS("/bin/rm", "-rf", "above", "ready", "go"), &category_outcome);
}

Test(categories, decide_by_the_name_of_what_is_covered_or_unmounted_meanwhile)
{
	fixture_need_root();
	fixture_need_program("unshare");
	category_expect_known("umount -l above/m");
	category_expect_known("mount -t tmpfs none above");
}

/* Whoever mounts it outside shows it to everybody; the sandbox would see it with the rights of its supervisor. */
Test(categories, the_folder_of_a_process_outside_is_closed_where_it_is_mounted_too)
{
	const char *script = "mkdir folder; touch file; KEY=value sleep 60 & p=$!; sleep 0.2; "
			     "mount --bind /proc/$p folder && mount --bind /proc/$p/environ file || exit 9; "
			     "grep -c KEY=value folder/environ file; "
			     "\"$KENNEL\" run -m default/all:allow -m deny/read+/nonexistent/*** -- "
			     "/bin/sh -c 'cat folder/environ folder/status file; ls folder'; kill $p";

	fixture_need_root();
	fixture_need_program("unshare");
	run_native(WORDS("unshare", "-m", "/bin/sh", "-c", script), &category_outcome);
	cr_assert_str_eq(
		category_outcome.out, "folder/environ:1\nfile:1\n", "%s%s", category_outcome.out, category_outcome.err);
}
