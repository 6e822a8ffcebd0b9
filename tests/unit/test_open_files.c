/*
 * The open handler with real path resolution on real files: the same open is made
 * natively and through the handler, and what both give is compared. Then what the rules refuse,
 * and what waits. The target is this process.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/access.h"
#include "core/call.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/mounts.h"
#include "core/path.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_open.h"

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
#define RESULT_WAITS INT64_MIN

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call;
static char top[] = "/tmp/open-XXXXXX";
static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
}

static void make_tree(void)
{
	static const char *const names[] = {
		"dir/in",
		"dir/missing",
		"dir/null",
		"dir",
		"file",
		"link",
		"dirlink",
		"dangling",
		"loop",
		"fifo",
		"socket",
		"missing",
		"gone",
	};
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove(names[i]);
	fd = open("file", O_CREAT | O_WRONLY, 0644);
	cr_assert(fd >= 0 && write(fd, "data", 4) == 4 && close(fd) == 0);
	cr_assert(mkdir("dir", 0755) == 0 && close(open("dir/in", O_CREAT | O_WRONLY, 0600)) == 0);
	cr_assert(symlink("file", "link") == 0 && symlink("dir", "dirlink") == 0 && symlink("gone", "dangling") == 0);
	cr_assert(symlink("loop", "loop") == 0 && mkfifo("fifo", 0600) == 0);
	make_socket("socket");
}

static void open_setup(void)
{
	cr_assert(mkdtemp(top) && chdir(top) == 0);
	umask(022);
	supervisor.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.mounts = mounts_new();
	supervisor.pid = getpid();
	sandbox.magic = SANDBOX_MAGIC;
	make_tree();
}

static void open_end(void)
{
	char command[64];

	mounts_free(supervisor.mounts);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	cr_assert(chdir("/") == 0 && system(command) == 0);
}

TestSuite(open_files, .init = open_setup, .fini = open_end, .timeout = 300);

static int64_t open_verdict(const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_WAIT)
		return RESULT_WAITS;
	handler_open.cancel(&call);
	if (verdict->kind == VERDICT_ADD_FD)
		return verdict->fd;
	return verdict->kind == VERDICT_FAIL ? -verdict->value : verdict->value;
}

static int64_t open_through(enum sysno sysno, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct verdict verdict;

	call = (struct call){
		.magic = CALL_MAGIC, .sandbox = &sandbox, .tid = getpid(), .sysno = sysno, .args = { a, b, c, d }
	};
	fake_open.asked = 0;
	verdict = handler_open.enter(&call);
	return open_verdict(&verdict);
}

static int64_t open_at(const char *path, int flags, mode_t mode)
{
	return open_through(SC_openat, (uint64_t)AT_FDCWD, ADDRESS(path), (uint64_t)flags, mode);
}

static int64_t open_again(enum wake_reason reason, int fd, int64_t result)
{
	const struct wake wake = { .reason = reason, .fd = fd, .result = result };
	struct verdict verdict = handler_open.resume(&call, &wake);

	return open_verdict(&verdict);
}

static const char *const paths[] = {
	"file",
	"./file",
	"dir/../file",
	"file/",
	"link",
	"dir",
	"dir/",
	"./dir",
	"dir/.",
	"dirlink",
	"dirlink/",
	"dirlink/in",
	"dir/in",
	"missing",
	"./missing",
	"missing/",
	"missing/x",
	"dir/missing",
	"dirlink/missing",
	"dangling",
	"loop",
	"loop/x",
	"file/x",
	"socket",
	"",
	".",
	"..",
	"/",
	"/etc/passwd",
	"/dev/null",
	"/dev/zero",
	"/proc/self/status",
	"/proc/self/fd/0",
	"/proc/self",
	"/proc/thread-self/comm",
	"/proc/missing",
	"/dev/stdin",
};

static const int flag_sets[] = {
	O_RDONLY,
	O_WRONLY,
	O_RDWR,
	3,
	O_RDONLY | O_TRUNC,
	O_WRONLY | O_TRUNC,
	O_RDWR | O_APPEND,
	O_RDONLY | O_DIRECTORY,
	O_WRONLY | O_DIRECTORY,
	O_RDONLY | O_NOFOLLOW,
	O_DIRECTORY | O_NOFOLLOW,
	O_RDONLY | O_CREAT,
	O_WRONLY | O_CREAT,
	O_WRONLY | O_CREAT | O_EXCL,
	O_RDWR | O_CREAT | O_TRUNC,
	O_WRONLY | O_CREAT | O_NOFOLLOW,
	O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_EXCL,
	O_TMPFILE | O_RDWR,
	O_TMPFILE | O_WRONLY | O_EXCL,
	O_RDONLY | O_NONBLOCK,
	O_RDWR | O_NONBLOCK | O_CLOEXEC,
	O_RDONLY | O_NOATIME,
	O_WRONLY | O_SYNC,
	O_RDWR | O_DSYNC,
	O_RDONLY | O_CREAT | O_DIRECTORY,
	O_RDONLY | O_ASYNC,
};

/* Everything a program can see of an open. */
struct seen {
	int error;
	mode_t mode;
	ino_t ino;
	off_t size;
	int flags;
	bool made; /* something new was there afterwards */
};

static struct seen open_look(int64_t fd)
{
	struct seen seen = { .error = fd < 0 ? (int)fd : 0 };
	struct stat status;

	if (fd >= 0) {
		cr_assert_eq(fstat((int)fd, &status), 0);
		seen.mode = status.st_mode;
		seen.size = status.st_size;
		/* That no link was to be followed is not seen in a descriptor opened by its object. */
		seen.flags = fcntl((int)fd, F_GETFL) & ~O_NOFOLLOW;
		close((int)fd);
	}
	seen.made = access("missing", F_OK) == 0 || access("gone", F_OK) == 0 || access("dir/missing", F_OK) == 0;
	return seen;
}

static bool open_same(const struct seen *a, const struct seen *b)
{
	return a->error == b->error && a->mode == b->mode && a->size == b->size && a->flags == b->flags &&
	       a->made == b->made;
}

/* Opening what it names natively would change this machine. */
static bool open_is_safe(const char *path, int flags)
{
	return path[0] != '/' || !(flags & O_TRUNC) || str_equal(path, "/dev/null") || str_equal(path, "/dev/zero");
}

static void open_compare(const char *path, int flags)
{
	int64_t fd;
	struct seen native, ours;

	if (!open_is_safe(path, flags))
		return;
	if (flags & (O_CREAT | O_TRUNC))
		make_tree();
	fd = errno_result(open(path, flags, 0666));
	native = open_look(fd);
	if (flags & (O_CREAT | O_TRUNC))
		make_tree();
	ours = open_look(open_at(path, flags, 0666));
	cr_expect(open_same(&native, &ours),
		"%s %#o: errno %d, ours %d; mode %o, %o; size %ld, %ld; flags %#o, %#o; made %d, %d", path,
		(unsigned)flags, -native.error, -ours.error, native.mode, ours.mode, (long)native.size, (long)ours.size,
		(unsigned)native.flags, (unsigned)ours.flags, native.made, ours.made);
}

static void open_compare_all(void)
{
	/* Where opens change the tree it is made anew; the others find what the last left. */
	for (size_t p = 0; p < ARRAY_SIZE(paths); p++)
		for (size_t f = 0; f < ARRAY_SIZE(flag_sets); f++)
			open_compare(paths[p], flag_sets[f]);
}

Test(open_files, fast_road_gives_what_the_kernel_gives)
{
	open_compare_all();
}

Test(open_files, slow_road_gives_what_the_kernel_gives)
{
	fake_open.warned = true;
	open_compare_all();
}

static off_t open_size(const char *name)
{
	struct stat status;

	return stat(name, &status) < 0 ? -errno : status.st_size;
}

Test(open_files, refused_reading_is_refused_by_every_name)
{
	fake_open.refused = CAT_BIT(CAT_READ);
	fake_open.refused_name = "/file";
	cr_expect_eq(open_at("file", O_RDONLY, 0), -EACCES);
	cr_expect_eq(open_at("link", O_RDONLY, 0), -EACCES);
	cr_expect_eq(open_at("dir/../file", O_RDWR, 0), -EACCES);
	cr_expect_eq(open_at("/proc/self/cwd/file", O_RDONLY, 0), -EACCES);
	cr_expect_geq(open_at("file", O_WRONLY, 0), 0);
	cr_expect_geq(open_at("dir/in", O_RDONLY, 0), 0);
}

Test(open_files, what_is_not_there_is_missing_before_it_is_refused)
{
	fake_open.refused = CAT_ALL_BITS & ~CAT_BIT(CAT_WALK);
	cr_expect_eq(open_at("missing", O_RDONLY, 0), -ENOENT);
	cr_expect_eq(open_at("file/x", O_RDONLY, 0), -ENOTDIR);
	cr_expect_eq(open_at("file", O_RDONLY | O_DIRECTORY, 0), -ENOTDIR);
	cr_expect_eq(open_at("dir", O_WRONLY, 0), -EISDIR);
	cr_expect_eq(open_at("link", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
	cr_expect_eq(open_at("file", O_WRONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
	cr_expect_eq(fake_open.asked & ~CAT_BIT(CAT_WALK), 0);
	cr_expect_eq(open_at("file", O_PATH, 0), -ENOENT);
}

Test(open_files, refused_truncation_or_writing_cuts_nothing)
{
	fake_open.refused = CAT_BIT(CAT_TRUNCATE);
	cr_expect_eq(open_at("file", O_WRONLY | O_TRUNC, 0), -EACCES);
	cr_expect_eq(open_at("link", O_RDONLY | O_TRUNC, 0), -EACCES);
	cr_expect_geq(open_at("/dev/null", O_WRONLY | O_TRUNC, 0), 0);
	fake_open.refused = CAT_BIT(CAT_WRITE);
	cr_expect_eq(open_at("file", O_RDWR | O_CREAT | O_TRUNC, 0600), -EACCES);
	cr_expect_eq(open_at("file", O_RDONLY | O_TRUNC, 0), -EACCES);
	cr_expect_eq(open_through(SC_creat, ADDRESS("file"), 0600, 0, 0), -EACCES);
	cr_expect_eq(open_at("file", 3, 0), -EACCES);
	cr_expect_eq(open_size("file"), 4);
}

Test(open_files, refused_creation_makes_nothing_but_opens_what_exists)
{
	fake_open.refused = CAT_BIT(CAT_CREATE);
	cr_expect_eq(open_at("missing", O_WRONLY | O_CREAT, 0600), -EACCES);
	cr_expect_eq(open_at("dangling", O_WRONLY | O_CREAT, 0600), -EACCES);
	cr_expect_eq(open_size("missing"), -ENOENT);
	cr_expect_eq(open_size("gone"), -ENOENT);
	cr_expect_geq(open_at("file", O_WRONLY | O_CREAT, 0600), 0);
	cr_expect_eq(open_size("file"), 4);
	fake_open.refused = CAT_BIT(CAT_WRITE);
	cr_expect_eq(open_at("missing", O_WRONLY | O_CREAT, 0600), -EACCES);
	cr_expect_eq(open_size("missing"), -ENOENT);
	cr_expect_geq(open_at("missing", O_RDONLY | O_CREAT, 0600), 0);
	cr_expect_eq(open_size("missing"), 0);
}

Test(open_files, refused_directories_and_temporary_files_stay_closed)
{
	fake_open.refused = CAT_BIT(CAT_READDIR);
	cr_expect_eq(open_at("dir", O_RDONLY, 0), -EACCES);
	cr_expect_eq(open_at("dirlink", O_RDONLY | O_DIRECTORY, 0), -EACCES);
	cr_expect_eq(open_at("dir", O_PATH, 0), -EACCES);
	fake_open.refused = CAT_BIT(CAT_MKTEMP);
	cr_expect_eq(open_at("dir", O_TMPFILE | O_RDWR, 0600), -EACCES);
}

Test(open_files, openat2_keeps_to_its_scope)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };

	cr_expect_geq(open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("link"), ADDRESS(&how), sizeof(how)), 0);
	cr_expect_eq(open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("/etc"), ADDRESS(&how), sizeof(how)), -EXDEV);
	cr_expect_eq(open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("../"), ADDRESS(&how), sizeof(how)), -EXDEV);
	how.resolve = RESOLVE_NO_SYMLINKS;
	cr_expect_eq(open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("link"), ADDRESS(&how), sizeof(how)), -ELOOP);
	how.resolve = RESOLVE_CACHED;
	cr_expect_eq(
		open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("file"), ADDRESS(&how), sizeof(how)), -EAGAIN);
	how = (struct open_how){ .flags = O_RDONLY, .mode = 0600 };
	cr_expect_eq(
		open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("file"), ADDRESS(&how), sizeof(how)), -EINVAL);
}

Test(open_files, reader_of_a_fifo_waits_for_a_writer_that_may_be_gone_again)
{
	int64_t fd;
	char data[4];
	int writer;

	cr_assert_eq(open_at("fifo", O_RDONLY, 0), RESULT_WAITS);
	cr_expect_eq(open_again(WAKE_TIMEOUT, -1, 0), RESULT_WAITS);
	writer = open("fifo", O_WRONLY | O_NONBLOCK);
	cr_assert(writer >= 0 && write(writer, "xyz", 3) == 3 && close(writer) == 0);
	fd = open_again(WAKE_TIMEOUT, -1, 0);
	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl((int)fd, F_GETFL) & O_NONBLOCK, 0);
	cr_expect(read((int)fd, data, 4) == 3 && memcmp(data, "xyz", 3) == 0);
}

Test(open_files, silent_writer_ends_the_wait_of_a_reader_too)
{
	int writer;

	cr_assert_eq(open_at("fifo", O_RDONLY, 0), RESULT_WAITS);
	writer = open("fifo", O_WRONLY | O_NONBLOCK);
	cr_expect_geq(open_again(WAKE_TIMEOUT, -1, 0), 0);
	cr_expect_geq(open_at("fifo", O_RDONLY, 0), 0);
	close(writer);
}

Test(open_files, cancelled_wait_leaves_no_reader_behind)
{
	cr_assert_eq(open_at("fifo", O_RDONLY, 0), RESULT_WAITS);
	handler_open.cancel(&call);
	cr_expect_eq(errno_result(open("fifo", O_WRONLY | O_NONBLOCK)), -ENXIO);
}

Test(open_files, writer_of_a_fifo_without_a_reader_goes_to_a_worker)
{
	int64_t fd;

	cr_assert_eq(open_at("fifo", O_WRONLY | O_CLOEXEC, 0), RESULT_WAITS);
	cr_expect_geq(fake_open.worker_object, 0);
	cr_expect_eq(fake_open.worker_flags & (O_NONBLOCK | O_ACCMODE), O_WRONLY);
	fd = open_again(WAKE_WORKER, open("/dev/null", O_WRONLY), 0);
	cr_expect_geq(fd, 0);
	cr_assert_eq(open_at("fifo", O_WRONLY, 0), RESULT_WAITS);
	cr_expect_eq(open_again(WAKE_WORKER, -1, -EACCES), -EACCES);
	cr_expect_eq(open_at("fifo", O_WRONLY | O_NONBLOCK, 0), -ENXIO);
	cr_expect_geq(open_at("fifo", O_RDONLY | O_NONBLOCK, 0), 0);
	cr_expect_geq(open_at("fifo", O_RDWR, 0), 0);
}

Test(open_files, fifo_known_beforehand_is_read_by_a_worker)
{
	fake_open.warned = true;
	cr_assert_eq(open_at("fifo", O_RDONLY, 0), RESULT_WAITS);
	cr_expect_geq(fake_open.worker_object, 0);
	cr_expect_eq(errno_result(open("fifo", O_WRONLY | O_NONBLOCK)), -ENXIO);
}

Test(open_files, file_with_a_lease_goes_to_a_worker)
{
	int holder = open("file", O_RDWR);

	signal(SIGIO, SIG_IGN);
	cr_assert_eq(fcntl(holder, F_SETLEASE, F_WRLCK), 0);
	cr_expect_eq(open_at("file", O_RDONLY, 0), RESULT_WAITS);
	cr_expect_eq(fake_open.worker_flags & (O_NONBLOCK | O_ACCMODE), O_RDONLY);
	cr_expect_eq(open_at("file", O_RDONLY | O_NONBLOCK, 0), -EAGAIN);
	cr_expect_eq(open_at("file", O_WRONLY | O_CREAT | O_TRUNC, 0600), RESULT_WAITS);
	cr_expect_eq(fake_open.worker_flags & (O_CREAT | O_TRUNC | O_ACCMODE), O_WRONLY | O_TRUNC);
	cr_expect_eq(open_size("file"), 4);
}

Test(open_files, large_file_is_refused_to_callers_that_cannot_handle_it)
{
	struct open_how how = { .flags = O_RDONLY };
	off_t size = (off_t)3 << 30;

	cr_assert_eq(truncate("file", size), 0);
	fake_open.compat = true;
	cr_expect_eq(open_at("file", O_RDONLY, 0), -EOVERFLOW);
	cr_expect_eq(open_at("file", O_RDWR | O_TRUNC, 0), -EOVERFLOW);
	cr_expect_eq(open_size("file"), size);
	cr_expect_geq(open_at("file", O_PATH, 0), 0);
	cr_expect_geq(open_at("file", O_RDONLY | 0100000, 0), 0);
	cr_expect_geq(open_through(SC_openat2, (uint64_t)AT_FDCWD, ADDRESS("file"), ADDRESS(&how), sizeof(how)), 0);
	cr_expect_geq(open_through(SC_creat, ADDRESS("file"), 0600, 0, 0), 0);
	cr_expect_eq(open_size("file"), 0);
}

Test(open_files, full_descriptor_table_fails_before_anything_is_made_or_cut)
{
	fake_open.crowded = true;
	cr_expect_eq(open_at("missing", O_WRONLY | O_CREAT, 0600), -EMFILE);
	cr_expect_eq(open_size("missing"), -ENOENT);
	cr_expect_eq(open_at("file", O_WRONLY | O_TRUNC, 0), -EMFILE);
	cr_expect_eq(open_size("file"), 4);
	cr_expect_eq(fake_open.reserved, 2);
	cr_expect_geq(open_at("file", O_RDONLY, 0), 0);
}

Test(open_files, full_descriptor_table_fails_before_anything_is_waited_for)
{
	int holder = open("file", O_RDWR);

	signal(SIGIO, SIG_IGN);
	cr_assert_eq(fcntl(holder, F_SETLEASE, F_WRLCK), 0);
	fake_open.full = true;
	cr_expect_eq(open_at("fifo", O_RDONLY, 0), -EMFILE);
	cr_expect_eq(open_at("fifo", O_WRONLY, 0), -EMFILE);
	cr_expect_eq(open_at("file", O_RDONLY, 0), -EMFILE);
	fake_open.warned = true;
	cr_expect_eq(open_at("fifo", O_RDONLY, 0), -EMFILE);
	cr_expect_eq(errno_result(open("fifo", O_WRONLY | O_NONBLOCK)), -ENXIO, "no reader is left behind");
}

Test(open_files, terminal_of_the_target_is_not_ours)
{
	cr_expect_eq(open_at("/dev/tty", O_RDWR, 0), -ENXIO);
}

/* An O_PATH descriptor cannot be injected: the next best is given, or nothing. */
Test(open_files, path_descriptors_become_reading_ones)
{
	int fd = (int)open_at("file", O_PATH | O_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE), O_RDONLY);
	cr_expect_geq(open_at("dir", O_PATH | O_DIRECTORY, 0), 0);
	cr_expect_geq(open_at("link", O_PATH | O_RDWR | O_CREAT, 0), 0);
	cr_expect_eq(open_at("link", O_PATH | O_NOFOLLOW, 0), -EOPNOTSUPP);
	cr_expect_eq(open_at("missing", O_PATH | O_CREAT, 0600), -ENOENT);
	cr_expect_eq(open_at("/dev/null", O_PATH, 0), -EACCES);
	cr_expect_eq(open_at("/dev/tty", O_PATH, 0), -EACCES);
	fake_open.refused = CAT_BIT(CAT_READ);
	cr_expect_eq(open_at("file", O_PATH, 0), -EACCES);
}

Test(open_files, sticky_directory_is_judged_as_the_kernel_does)
{
	int64_t native;

	if (geteuid() != 0)
		cr_skip_test("needs files of several users");
	cr_assert(chown("dir", 1, 1) == 0 && chmod("dir", 01777) == 0 && chown("dir/in", 2, 2) == 0);
	cr_assert(mknod("dir/null", S_IFCHR | 0666, makedev(1, 3)) == 0 && chown("dir/null", 2, 2) == 0);
	fake_open.warned = true;
	native = errno_result(open("dir/in", O_WRONLY | O_CREAT, 0600));
	cr_expect_eq(open_at("dir/in", O_WRONLY | O_CREAT, 0600) < 0, native < 0);
	native = errno_result(open("dir/null", O_WRONLY | O_CREAT, 0600));
	cr_expect_eq(open_at("dir/null", O_WRONLY | O_CREAT, 0600) < 0, native < 0);
	cr_expect_geq(open_at("dir/in", O_WRONLY, 0), 0);
}
