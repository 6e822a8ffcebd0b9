/*
 * Both roads of path resolution, compared with each other and with the kernel's own
 * result for the same strings in the same process.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/mounts.h"
#include "core/path.h"
#include "core/path_link.h"
#include "core/path_walk.h"
#include "core/util.h"
#include "tests/unit/path_fixture.h"

TestSuite(path, .init = path_setup, .fini = path_teardown, .timeout = 120);

/* "@" stands for the name of the tree. */
static const char *const odd_paths[] = { "file", "./file", ".//file", "file/", "file/.", "file/..", "file/x", "d", "d/",
	"d//", "d/.", "d/..", "d/../", ".", "./", "..", "../", "../..", "d/e/g", "d//e/g", "d/./e/g", "d/e/../e/g",
	"d/up/file", "d/up/", "here", "here/", "here/here/file", "to_file", "to_file/", "to_file/.", "to_dir",
	"to_dir/", "to_dir/.", "to_dir/..", "to_dir/g", "to_dir_slash", "to_dir_slash/", "to_dir_slash/g",
	"to_file_slash", "to_file_slash/", "dangling", "dangling/", "dangling/x", "dangling_deep", "dangling_no",
	"dangling_slash", "dangling_slash/", "loop", "loop/", "loop/x", "loop_a", "to_root", "to_root/",
	"to_root/etc/passwd", "to_etc", "to_etc/passwd", "d/to_file", "mixed", "mixed/", "missing", "missing/",
	"missing/.", "missing/..", "missing/x", "d/missing", "d/missing/", "d/e/missing", "file/missing", "l0", "l38",
	"l39", "l40", "l41", "l39/", "l40/", "l39/file", "l40/file", "l39/e/g", "new\nline/a b", "x (deleted)",
	"x (deleted)/y", "shut", "shut/", "shut/.", "shut/..", "shut/in", "shut/in/file", "shut/in/..", "to_shut",
	"shut/missing", "shut/missing/", "/", "//", "/.", "/..", "/../", "/../..", "//etc", "/etc/", "/etc/passwd",
	"/etc/passwd/", "/etc//passwd", "/missing", "/dev/fd", "/dev/stdin/", "@", "@/", "@/file", "@/file/",
	"@/d/../file", "@/d/e/", "@/to_file", "@/to_dir/g", "@/missing", "@/missing/", "@/dangling", "@/loop", "@/l39",
	"@/l40", "@//d", "@/./d", "@/shut/in", "@/shut/missing", "@/file/x", "@/d/e/f/", "@/d/up/d/up/d/up/file",
	"@/d/missing/x" };

static void compare_find(enum road road, int dirfd, const char *string, bool follow)
{
	PATH_LOCAL(path);
	const int native = errno_result(openat(dirfd, string, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)));
	const int error = find(road, dirfd, string, follow ? PATH_FOLLOW : 0, &path);
	char name[PATH_MAX];

	cr_expect_eq(error, native < 0 ? native : 0, "\"%s\" road %d follow %d: %d, kernel %d", string, road, follow,
		error, native);
	if (native < 0)
		return;
	if (error == 0) {
		expect_same_object(native, path.object, string);
		name_of(native, name);
		cr_expect_str_eq(path.name, name);
	}
	close(native);
}

static void compare_everywhere(const char *string)
{
	const int d = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int file = open("file", O_PATH | O_CLOEXEC);
	const int dirs[] = { AT_FDCWD, d, file, 999, -1 };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (int way = 0; way < 4; way++)
			compare_find(way & 1 ? ROAD_SLOW : ROAD_USUAL, dirs[i], string, way & 2);
	}
	close(d);
	close(file);
}

Test(path, finds_what_the_kernel_finds)
{
	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++)
		compare_everywhere(expand(odd_paths[i]));
}

Test(path, finds_what_the_kernel_finds_without_privilege)
{
	become_nobody();
	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++)
		compare_everywhere(expand(odd_paths[i]));
}

Test(path, long_names_and_strings)
{
	static const size_t sizes[] = { 254, 255, 256, 257, 4000, 4094, 4095, 4096, 5000 };
	static char string[8192];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(string, 'n', sizes[i]);
		string[sizes[i]] = '\0';
		compare_everywhere(string);
		memset(string, '/', sizes[i]);
		compare_everywhere(string);
		for (size_t at = 0; at < sizes[i]; at += 2)
			memcpy(string + at, "./", 2);
		string[sizes[i]] = '\0';
		compare_everywhere(string);
		memcpy(string, "missing/", 8);
		compare_everywhere(string);
	}
}

Test(path, empty_and_unreadable_strings)
{
	PATH_LOCAL(path);

	cr_expect_eq(path_begin(&fake.call, AT_FDCWD, 8, 0, &path), -EFAULT);
	cr_expect_eq(path_begin(&fake.call, AT_FDCWD, 0, PATH_EMPTY, &path), -EFAULT);
	cr_expect_eq(path_begin(&fake.call, 999, (uintptr_t) "", 0, &path), -ENOENT);
	cr_expect_eq(path_begin(&fake.call, 999, (uintptr_t) "", PATH_EMPTY, &path), -EBADF);
}

Test(path, plain_strings_take_the_fast_road)
{
	static const struct {
		const char *string;
		bool lexical;
	} rows[] = {
		{ "/", true },
		{ "/etc", true },
		{ "/etc/", true },
		{ "file", true },
		{ "d/e", true },
		{ "d/e/", true },
		{ "...", true },
		{ ".a/..b", true },
		{ "//", false },
		{ "/etc//", false },
		{ "./file", false },
		{ "d/.", false },
		{ "..", false },
		{ "/etc/../etc", false },
		{ "/proc", false },
		{ "/proc/version", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		PATH_LOCAL(path);

		cr_expect_eq(begin(ROAD_USUAL, AT_FDCWD, rows[i].string, 0, &path), 0);
		cr_expect_eq(path.lexical, rows[i].lexical, "%s", rows[i].string);
	}
}

/* mkdir, rmdir, unlink, symlink: the errno by our parent and base is that of the string. */
static int act(int verb, int dir, const char *name)
{
	switch (verb) {
	case 0:
		return errno_result(mkdirat(dir, name, 0777));
	case 1:
		return errno_result(unlinkat(dir, name, AT_REMOVEDIR));
	case 2:
		return errno_result(unlinkat(dir, name, 0));
	case 3:
		return errno_result(symlinkat("text", dir, name));
	default:
		return errno_result(renameat(dir, name, AT_FDCWD, "file/x"));
	}
}

static void compare_parent(enum road road, int verb, int dirfd, const char *string)
{
	PATH_LOCAL(path);
	struct stat info;
	int native;
	int error;

	cr_assert_neq(geteuid(), 0, "would do harm as root");
	/* Only refusals, and what can be undone, are compared. */
	if (verb == 2 && fstatat(dirfd, string, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode))
		return;
	error = begin(road, dirfd, string, 0, &path);
	error = error < 0 ? error : path_find_parent(&fake.call, &path);
	error = error < 0 ? error : act(verb, path.parent, path.base);
	if (error == 0 && (verb == 0 || verb == 3))
		cr_expect_eq(unlinkat(dirfd, string, verb == 0 ? AT_REMOVEDIR : 0), 0, "%s", string);
	else if (error == 0)
		cr_expect_eq(mkdirat(dirfd, string, 0777), 0, "%s", string);
	native = act(verb, dirfd, string);
	if (native == 0 && (verb == 0 || verb == 3))
		unlinkat(dirfd, string, verb == 0 ? AT_REMOVEDIR : 0);
	else if (native == 0)
		cr_expect_eq(mkdirat(dirfd, string, 0777), 0, "%s", string);
	cr_expect_eq(error, native, "\"%s\" verb %d road %d: %d, kernel %d", string, verb, road, error, native);
}

static void compare_parents(void)
{
	const int d = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++) {
		for (int way = 0; way < 4 * 5; way++)
			compare_parent(way & 1 ? ROAD_SLOW : ROAD_USUAL, way / 4, way & 2 ? d : AT_FDCWD,
				expand(odd_paths[i]));
	}
	close(d);
}

Test(path, parent_and_base_give_the_kernels_errno)
{
	become_nobody();
	compare_parents();
}

static int create_ours(enum road road, const char *string, bool follow, char name[PATH_MAX])
{
	PATH_LOCAL(path);
	struct stat info;
	int error = begin(road, AT_FDCWD, string, follow ? PATH_FOLLOW : 0, &path);

	error = error < 0 ? error : path_find_or_parent(&fake.call, &path);
	if (error < 0)
		return error;
	memcpy(name, path.name, PATH_MAX);
	if (path.object < 0)
		return errno_result(openat(path.parent, path.base, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666));
	cr_assert_eq(fstat(path.object, &info), 0);
	return S_ISDIR(info.st_mode) ? -EISDIR : path_reopen(&fake.call, &path, O_RDWR | O_CREAT);
}

static void compare_create(enum road road, const char *string, bool follow)
{
	char expected[PATH_MAX];
	char name[PATH_MAX];
	const int flags = O_CREAT | O_RDWR | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
	const bool existed = access(string, F_OK) == 0;
	int native;
	int ours;

	cr_assert_neq(geteuid(), 0, "would do harm as root");
	native = errno_result(open(string, flags, 0666));
	if (native >= 0) {
		name_of(native, expected);
		if (!existed)
			cr_assert_eq(unlink(expected), 0);
	}
	ours = create_ours(road, string, follow, name);
	cr_expect_eq(ours < 0 ? ours : 0, native < 0 ? native : 0, "\"%s\" road %d follow %d: %d, kernel %d", string,
		road, follow, ours, native);
	if (ours >= 0 && native >= 0) {
		cr_expect_str_eq(name, expected);
		name_of(ours, expected);
		cr_expect_str_eq(name, expected);
		if (!existed)
			unlink(expected);
	}
	close(ours);
	close(native);
}

Test(path, creates_where_the_kernel_creates)
{
	become_nobody();
	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++) {
		for (int way = 0; way < 4; way++)
			compare_create(way & 1 ? ROAD_SLOW : ROAD_USUAL, expand(odd_paths[i]), way & 2);
	}
}

/* A rename or mount anywhere on the machine makes the kernel say EAGAIN to a scoped look-up. */
static int resolve_natively(int dirfd, const char *string, uint64_t resolve)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = resolve };
	int fd;

	do
		fd = (int)errno_result(syscall(SYS_openat2, dirfd, string, &how, sizeof(how)));
	while (fd == -EAGAIN);
	return fd;
}

static void compare_resolve(int dirfd, const char *string, unsigned flag, uint64_t resolve)
{
	PATH_LOCAL(path);
	const int native = resolve_natively(dirfd, string, resolve);
	const int error = find(ROAD_USUAL, dirfd, string, flag | PATH_FOLLOW, &path);

	cr_expect_eq(error, native < 0 ? native : 0, "\"%s\" resolve %d: %d, kernel %d", string, (int)resolve, error,
		native);
	if (native >= 0 && error == 0)
		expect_same_object(native, path.object, string);
	close(native);
}

Test(path, keeps_to_the_resolve_flags_of_openat2)
{
	static const struct {
		unsigned flag;
		uint64_t resolve;
	} rows[] = {
		{ PATH_NO_SYMLINKS, RESOLVE_NO_SYMLINKS },
		{ PATH_NO_MAGICLINKS, RESOLVE_NO_MAGICLINKS },
		{ PATH_NO_XDEV, RESOLVE_NO_XDEV },
		{ PATH_BENEATH, RESOLVE_BENEATH },
		{ PATH_IN_ROOT, RESOLVE_IN_ROOT },
	};
	const int d = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			compare_resolve(AT_FDCWD, expand(odd_paths[i]), rows[j].flag, rows[j].resolve);
			compare_resolve(d, expand(odd_paths[i]), rows[j].flag, rows[j].resolve);
			compare_resolve(999, expand(odd_paths[i]), rows[j].flag, rows[j].resolve);
		}
	}
	close(d);
}

Test(path, a_removed_cwd_behaves_like_the_kernels)
{
	static const char *const strings[] = { ".", "..", "./", "x", "./x", "../file", "x/" };

	become_nobody();
	cr_assert_eq(mkdir("gone", 0777), 0);
	cr_assert_eq(chdir("gone"), 0);
	cr_assert_eq(rmdir("../gone"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		PATH_LOCAL(path);
		const int native = errno_result(open(strings[i], O_PATH | O_CLOEXEC));

		cr_expect_eq(find(ROAD_USUAL, AT_FDCWD, strings[i], PATH_FOLLOW, &path), native < 0 ? native : 0, "%s",
			strings[i]);
		compare_create(ROAD_USUAL, strings[i], true);
		compare_parent(ROAD_USUAL, 0, AT_FDCWD, strings[i]);
		close(native);
	}
}

Test(path, a_removed_file_keeps_its_old_name)
{
	PATH_LOCAL(path);
	char expected[PATH_MAX];
	const int fd = open("short-lived", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	name_of(fd, expected);
	cr_assert_eq(unlink("short-lived"), 0);
	cr_expect_eq(find(ROAD_USUAL, fd, "", PATH_EMPTY, &path), 0);
	cr_expect_str_eq(path.name, expected);
	cr_expect_not(path.unnamed);
	cr_expect(path.is_fd);
	close(fd);
}

Test(path, descriptors_without_a_name)
{
	/* Memory that only we can see may be switched off. */
#ifdef SYS_memfd_secret
	const int hidden = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
#else
	const int hidden = -1;
#endif
	int fds[4] = { -1, -1, memfd_create("secret", MFD_CLOEXEC), hidden < 0 ? memfd_create("x", 0) : hidden };
	const char *names[] = { "pipe:[", "pipe:[", "!memfd:secret", hidden < 0 ? "!memfd:x" : "!memfd_secret:" };

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		PATH_LOCAL(path);

		cr_expect_eq(path_lookup(&fake.call, fds[i], 0, PATH_EMPTY | PATH_NULL_EMPTY, &path), 0);
		cr_expect(str_starts(path.name, names[i]), "%s", path.name);
		cr_expect_eq(path.unnamed, i < 2);
		cr_expect_geq(path.object, 0);
		close(fds[i]);
	}
}

Test(path, null_is_no_empty_string_where_the_kernel_takes_none)
{
	PATH_LOCAL(path);

	fake.supervisor.features.null_path = false;
	cr_expect_eq(path_lookup(&fake.call, AT_FDCWD, 0, PATH_EMPTY | PATH_NULL_EMPTY, &path), -EFAULT);
}

Test(path, a_descriptor_of_ours_has_the_name_of_its_object)
{
	PATH_LOCAL(path);
	char expected[PATH_MAX];
	const int fd = open("to_dir/g", O_RDONLY | O_CLOEXEC);

	name_of(fd, expected);
	cr_expect_eq(path_of_descriptor(&fake.call, fd, &path), 0);
	cr_expect_str_eq(path.name, expected);
	cr_expect_eq(path.object, -1);
	close(fd);
}

Test(path, detached_and_covered_directories_have_no_believable_name)
{
	PATH_LOCAL(covered);
	PATH_LOCAL(below);
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	fd = open("d/e", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(mount("none", "d/e", "tmpfs", 0, NULL), 0);
	cr_assert_eq(mkdir("d/e/f", 0755), 0);
	cr_expect_eq(find(ROAD_USUAL, fd, "f", 0, &below), 0);
	cr_expect_not(below.lexical);
	cr_expect(str_starts(below.name, "!detached/"), "%s", below.name);
	cr_expect_eq(find(ROAD_USUAL, fd, "", PATH_EMPTY, &covered), 0);
	cr_expect(str_starts(covered.name, "!detached/"), "%s", covered.name);
	close(fd);
	fd = open("d/e", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(umount2("d/e", MNT_DETACH), 0);
	path_release(&covered);
	cr_expect_eq(find(ROAD_USUAL, fd, "f", 0, &covered), 0);
	cr_expect(str_starts(covered.name, "!detached/"), "%s", covered.name);
	close(fd);
}

/* A link of user 1000 to "file", in a sticky directory of root's that everybody writes to. */
Test(path, a_target_that_is_gone_has_no_directory)
{
	PATH_LOCAL(path);

	fake.revalidated = -ESRCH;
	cr_expect_eq(find(ROAD_USUAL, AT_FDCWD, "file", 0, &path), -ESRCH);
	cr_expect_eq(find(ROAD_USUAL, 5, "", PATH_EMPTY, &path), -ESRCH);
}

Test(path, walk_hides_by_canonical_name)
{
	char hidden[PATH_MAX];
	static const char *const refused[] = { "d/e/g", "d/e", "to_dir", "to_dir/g", "d/./e", "d/../d/e/g", "d/e/new",
		"@/d/e/g" };
	static const char *const allowed[] = { "d/file", "d/../file", "d/up/file", "here/d", "@/d/up/file" };

	snprintf(hidden, sizeof(hidden), "%s/d/e", top);
	fake.walk_active = true;
	fake.denied[0] = hidden;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		PATH_LOCAL(path);
		PATH_LOCAL(made);

		cr_expect_eq(
			find(ROAD_USUAL, AT_FDCWD, expand(refused[i]), PATH_FOLLOW, &path), -ENOENT, "%s", refused[i]);
		cr_expect_eq(begin(ROAD_USUAL, AT_FDCWD, expand(refused[i]), PATH_FOLLOW, &made), 0);
		cr_expect_eq(path_find_or_parent(&fake.call, &made), -ENOENT, "%s", refused[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		PATH_LOCAL(path);

		cr_expect_eq(find(ROAD_USUAL, AT_FDCWD, expand(allowed[i]), PATH_FOLLOW, &path), 0, "%s", allowed[i]);
	}
}

Test(path, walk_below_a_hidden_cwd_finds_nothing)
{
	char hidden[PATH_MAX];
	PATH_LOCAL(path);

	snprintf(hidden, sizeof(hidden), "%s/d", top);
	fake.walk_active = true;
	fake.denied[0] = hidden;
	cr_assert_eq(chdir("d/e"), 0);
	cr_expect_eq(find(ROAD_USUAL, AT_FDCWD, "g", 0, &path), -ENOENT);
	path_release(&path);
	cr_expect_eq(find(ROAD_SLOW, AT_FDCWD, "./g", 0, &path), -ENOENT);
}

Test(path, a_refusal_by_walk_is_asked_for_once)
{
	char hidden[PATH_MAX];
	PATH_LOCAL(path);

	snprintf(hidden, sizeof(hidden), "%s/d", top);
	fake.walk_active = true;
	fake.denied[0] = hidden;
	cr_expect_eq(find(ROAD_USUAL, AT_FDCWD, expand("@/d/e"), 0, &path), -ENOENT);
	cr_assert_not_null(strstr(fake.asked, hidden));
	cr_expect_null(strstr(strstr(fake.asked, hidden) + 1, hidden));
}

Test(path, no_descriptor_stays_behind)
{
	const int before = dup(0);
	int after;

	become_nobody();
	close(before);
	for (size_t i = 0; i < ARRAY_SIZE(odd_paths); i++) {
		compare_everywhere(expand(odd_paths[i]));
		compare_create(ROAD_USUAL, expand(odd_paths[i]), true);
	}
	compare_parents();
	after = dup(0);
	cr_expect_eq(after, before);
	close(after);
}
