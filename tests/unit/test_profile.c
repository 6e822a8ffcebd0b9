/* The shipped profiles: they load, and they decide what their names promise. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/profile.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

static struct policy *profile_policy(const char *name)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;

	policy_load_profile(loader, name);
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy, "%s", name);
	return policy;
}

struct profile_row {
	enum category category;
	const char *name;
	bool allowed;
};

static void check_profile(const char *profile, const struct profile_row *rows, size_t count)
{
	struct policy *policy = profile_policy(profile);

	for (size_t i = 0; i < count; i++)
		cr_expect(eq(int, !action_refuses(policy_decide(policy, rows[i].category, rows[i].name).action),
				  rows[i].allowed),
			"%s %s", category_name(rows[i].category), rows[i].name);
	policy_free(policy);
}

Test(profile, names_are_found_exactly, .timeout = 60)
{
	cr_expect_not_null(profile_find("off"));
	cr_expect_not_null(profile_find("ro"));
	cr_expect_not_null(profile_find("work"));
	cr_expect_not_null(profile_find("secrets"));
	cr_expect_null(profile_find("wor"));
	cr_expect_null(profile_find(""));
}

Test(profile, off_judges_nothing, .timeout = 60)
{
	struct policy *policy = profile_policy("off");

	cr_expect(eq(u64, policy_active_bits(policy), 0));
	cr_expect_not(policy_is_empty(policy));
	policy_free(policy);
}

Test(profile, ro_reads_everything_and_writes_nothing, .timeout = 60)
{
	static const struct profile_row rows[] = {
		{ CAT_READ, "/etc/passwd", true },
		{ CAT_READDIR, "/", true },
		{ CAT_WRITE, "/w/file", false },
		{ CAT_CREATE, "/tmp/x", false },
		{ CAT_TRUNCATE, "/w/file", false },
		{ CAT_MKTEMP, "/tmp", false },
		{ CAT_WRITE, "/dev/null", true },
		{ CAT_TRUNCATE, "/dev/null", true },
		{ CAT_WRITE, "/dev/tty", true },
		{ CAT_WRITE, "/dev/pts/0", true },
		{ CAT_WRITE, "/dev/pts/0/x", false },
		{ CAT_WRITE, "/dev/sda", false },
		{ CAT_CREATE, "/dev/null", false },
		{ CAT_CREATE, "!memfd:a/b", true },
		{ CAT_CHMOD, "!memfd:a/b", true },
		{ CAT_DELETE, "/tmp/x", false },
		{ CAT_RENAME, "/w/file", false },
		{ CAT_MKDIR, "/w/d", false },
		{ CAT_UTIME, "/dev/null", false },
		{ CAT_CHGRP, "/w/file", false },
		{ CAT_STAT, "/anything", true },
		{ CAT_WALK, "/anything", true },
		{ CAT_EXEC, "/anything", true },
		{ CAT_CHDIR, "/anything", true },
	};
	struct policy *policy = profile_policy("ro");

	check_profile("ro", rows, ARRAY_SIZE(rows));
	cr_expect_not(policy_active(policy, CAT_READ));
	cr_expect_not(policy_active(policy, CAT_READDIR));
	cr_expect_not(policy_active(policy, CAT_STAT));
	cr_expect_not(policy_active(policy, CAT_EXEC));
	cr_expect_not(policy_active(policy, CAT_CHDIR));
	policy_free(policy);
}

Test(profile, work_reads_the_system_and_writes_the_work, .timeout = 60)
{
	static const struct profile_row rows[] = {
		{ CAT_READ, "/usr/lib/x.so", true },
		{ CAT_READDIR, "/", false },
		{ CAT_READ, "/etc/passwd", true },
		{ CAT_WRITE, "/etc/passwd", false },
		{ CAT_READ, "/etc/shadow", false },
		{ CAT_READ, "/etc/sudoers.d/x", false },
		{ CAT_READ, "/etc/ssh/ssh_host_rsa_key", false },
		{ CAT_READ, "/etc/ssh/ssh_host_rsa_key.pub", true },
		{ CAT_READ, "/etc/ssh/ssh_config", true },
		{ CAT_READ, "/etc/ssl/private/key.pem", false },
		{ CAT_READ, "/home/u/notes", false },
		{ CAT_READDIR, "/home/u", false },
		{ CAT_READ, "/home/u/.ssh/id_rsa", false },
		{ CAT_READ, "/home/u/.gitconfig", true },
		{ CAT_READ, "/home/u/.config/git/config", true },
		{ CAT_READ, "/home/u/.config/git/credentials", false },
		{ CAT_READ, "/home/u/.pyenv/versions/3/bin/python", true },
		{ CAT_WRITE, "/home/u/.pyenv/x", false },
		{ CAT_READ, "/root/x", false },
		{ CAT_READ, "/tmp/other", false },
		{ CAT_READDIR, "/w", true },
		{ CAT_CREATE, "/w/a/b", true },
		{ CAT_WRITE, "/w/a/b", true },
		{ CAT_TRUNCATE, "/w/a/b", true },
		{ CAT_MKTEMP, "/w", true },
		{ CAT_CREATE, "/tmp/k/x", true },
		{ CAT_MKTEMP, "/tmp/k", true },
		{ CAT_CREATE, "/wx", false },
		{ CAT_READ, "/proc/12/maps", true },
		{ CAT_READ, "/proc/12/task/13/stat", true },
		{ CAT_WRITE, "/proc/12/mem", false },
		{ CAT_READDIR, "/proc/12/fd", true },
		{ CAT_READDIR, "/proc", true },
		{ CAT_READ, "/proc/meminfo", true },
		{ CAT_WRITE, "/proc/sys/kernel/core_pattern", false },
		{ CAT_READ, "/dev/urandom", true },
		{ CAT_WRITE, "/dev/null", true },
		{ CAT_READ, "/dev/sda", false },
		{ CAT_READ, "/dev/kmsg", false },
		{ CAT_CREATE, "/dev/shm/sem.x", true },
		{ CAT_RENAME, "/dev/shm/sem.x", true },
		{ CAT_READ, "/dev/shm/x", false },
		{ CAT_DELETE, "/w/a", true },
		{ CAT_RMDIR, "/w/a", true },
		{ CAT_RMDIR, "/w", false },
		{ CAT_RENAME, "/w", false },
		{ CAT_RENAME, "/tmp/k", false },
		{ CAT_READDIR, "/etc/ssl/private", true },
		{ CAT_MKDIR, "/w/a", true },
		{ CAT_SYMLINK, "/tmp/k/l", true },
		{ CAT_MKFIFO, "/w/p", true },
		{ CAT_CHATTR, "/w/a", true },
		{ CAT_MKCDEV, "/w/n", false },
		{ CAT_MKBDEV, "/w/n", false },
		{ CAT_CHMOD, "/etc/passwd", false },
		{ CAT_DELETE, "/etc/shadow", false },
		{ CAT_UTIME, "/usr/bin/x", false },
		{ CAT_CREATE, "/dev/shm/x", false },
		{ CAT_CREATE, "!memfd:x", true },
		{ CAT_STAT, "/home/u/.ssh/id_rsa", true },
	};

	check_profile("work", rows, ARRAY_SIZE(rows));
}

Test(profile, work_lets_names_move_within_the_work, .timeout = 60)
{
	struct policy *policy = profile_policy("work");

	cr_expect_not(policy_active(policy, CAT_EXEC), "nothing is traced");
	cr_expect_not(policy_active(policy, CAT_CHDIR));
	cr_expect_not(policy_active(policy, CAT_WALK));

	cr_expect(policy_name_allows_no_more(policy, "/w/a", "/w/b", true));
	cr_expect(policy_name_allows_no_more(policy, "/w/a.tmp", "/w/a", false));
	cr_expect(policy_name_allows_no_more(policy, "/tmp/k/a", "/w/a", true));
	cr_expect_not(policy_name_allows_no_more(policy, "/etc/shadow", "/w/a", false));
	cr_expect_not(policy_name_allows_no_more(policy, "/home/u", "/w/u", true));
	policy_free(policy);
}

Test(profile, each_has_a_description_of_a_line, .timeout = 60)
{
	char description[512];

	for (size_t i = 0; i < profile_texts_count; i++) {
		profile_describe(&profile_texts[i], description, sizeof(description));
		cr_expect(strlen(description) > 10 && strlen(description) < 100, "%s: %s", profile_texts[i].name,
			description);
		cr_expect_null(strchr(description, '\n'));
		policy_free(profile_policy(profile_texts[i].name));
	}
}

Test(profile, judge_lets_its_folder_and_libraries_be_read_and_run, .timeout = 60)
{
	static const struct profile_row rows[] = {
		{ CAT_READ, "/w/input", true },
		{ CAT_EXEC, "/w/solution", true },
		{ CAT_EXEC, "/usr/lib/x86_64-linux-gnu/libc.so.6", true },
		{ CAT_READ, "/usr/lib/x86_64-linux-gnu/libc.so.6", true },
		{ CAT_EXEC, "/usr/lib/git-core/git", false },
		{ CAT_READ, "/usr/lib/os-release", false },
		{ CAT_EXEC, "/usr/bin/true", false },
		{ CAT_READ, "/etc/passwd", false },
		{ CAT_STAT, "/etc/passwd", false },
		{ CAT_WRITE, "/w/input", false },
		{ CAT_CREATE, "/w/new", false },
		{ CAT_CREATE, "!memfd:x", false },
		{ CAT_WRITE, "/dev/null", true },
		{ CAT_WRITE, "/dev/tty", false },
		{ CAT_CHDIR, "/", false },
		{ CAT_NOTIFY, "/w", false },
	};

	check_profile("judge", rows, ARRAY_SIZE(rows));
}

Test(profile, shell_reads_the_home_and_python_shares_memory, .timeout = 60)
{
	static const struct profile_row shell[] = {
		{ CAT_READ, "/home/u/notes", true },
		{ CAT_WRITE, "/home/u/notes", false },
		{ CAT_READ, "/home/u/.ssh/id", false },
		{ CAT_READ, "/home/u/.bash_history", false },
		{ CAT_READ, "/home/u/.bashrc", true },
		{ CAT_READ, "/home/v/notes", false },
		{ CAT_WRITE, "/w/file", true },
	};
	static const struct profile_row python[] = {
		{ CAT_CREATE, "/w/__pycache__/x.pyc", true },
		{ CAT_CREATE, "/usr/lib/python3/__pycache__/x.pyc", false },
		{ CAT_CREATE, "/dev/shm/psm_x", true },
		{ CAT_CREATE, "/dev/shm/x", false },
		{ CAT_READ, "/home/u/notes", false },
	};

	check_profile("shell", shell, ARRAY_SIZE(shell));
	check_profile("python", python, ARRAY_SIZE(python));
}
