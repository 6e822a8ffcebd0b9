/*
 * The open family: every kind of object with every combination of flags worth naming,
 * by open, openat2 and creat, and what the descriptor is afterwards.
 */
#include "diff.h"
#include "diff_tree.h"

#include <linux/openat2.h>

struct open_flag {
	const char *name;
	int flags;
	unsigned mode;
};

#define FLAG(flags, mode) \
	{ \
#flags, flags, mode \
	}

static const struct open_flag open_flags[] = {
	FLAG(O_RDONLY, 0),
	FLAG(O_WRONLY, 0),
	FLAG(O_RDWR, 0),
	FLAG(O_ACCMODE, 0),
	FLAG(O_RDONLY | O_CREAT, 0640),
	FLAG(O_WRONLY | O_CREAT, 0666),
	FLAG(O_RDWR | O_CREAT, 07777),
	FLAG(O_ACCMODE | O_CREAT, 0600),
	FLAG(O_WRONLY | O_CREAT | O_EXCL, 0600),
	FLAG(O_RDONLY | O_EXCL, 0),
	FLAG(O_RDONLY | O_TRUNC, 0),
	FLAG(O_WRONLY | O_TRUNC, 0),
	FLAG(O_ACCMODE | O_TRUNC, 0),
	FLAG(O_WRONLY | O_CREAT | O_TRUNC, 0444),
	FLAG(O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0),
	FLAG(O_WRONLY | O_APPEND, 0),
	FLAG(O_RDWR | O_APPEND | O_CREAT, 0600),
	FLAG(O_WRONLY | O_APPEND | O_TRUNC, 0),
	FLAG(O_DIRECTORY, 0),
	FLAG(O_WRONLY | O_DIRECTORY, 0),
	FLAG(O_RDWR | O_DIRECTORY, 0),
	FLAG(O_DIRECTORY | O_CREAT, 0700),
	FLAG(O_DIRECTORY | O_NOFOLLOW, 0),
	FLAG(O_DIRECTORY | O_TRUNC, 0),
	FLAG(O_NOFOLLOW, 0),
	FLAG(O_WRONLY | O_NOFOLLOW, 0),
	FLAG(O_WRONLY | O_CREAT | O_NOFOLLOW, 0600),
	FLAG(O_NOFOLLOW | O_CREAT | O_EXCL, 0600),
	FLAG(O_PATH, 0),
	FLAG(O_PATH | O_NOFOLLOW, 0),
	FLAG(O_PATH | O_DIRECTORY, 0),
	FLAG(O_PATH | O_RDWR, 0),
	FLAG(O_PATH | O_CREAT, 0600),
	FLAG(O_PATH | O_TRUNC | O_CLOEXEC, 0),
	FLAG(O_PATH | O_DIRECTORY | O_NOFOLLOW, 0),
	FLAG(O_TMPFILE | O_RDWR, 0640),
	FLAG(O_TMPFILE | O_WRONLY | O_EXCL, 0600),
	FLAG(O_TMPFILE, 0600),
	FLAG(O_TMPFILE | O_RDWR | O_CREAT, 0600),
	FLAG(__O_TMPFILE | O_RDWR, 0600),
	FLAG(O_TMPFILE | O_PATH, 0),
	FLAG(O_CLOEXEC, 0),
	FLAG(O_RDWR | O_CLOEXEC | O_SYNC, 0),
	FLAG(O_WRONLY | O_DSYNC, 0),
	FLAG(O_NOATIME, 0),
	FLAG(O_RDWR | O_NOCTTY | O_NDELAY, 0),
	FLAG(O_RDONLY | O_ASYNC, 0),
	FLAG(O_RDONLY | O_LARGEFILE, 0),
	FLAG((int)0x80000000, 0),
	FLAG(0x04000000, 0),
	FLAG(O_RDONLY | 04, 0),
	FLAG(O_RDONLY, 0600),
	FLAG(O_WRONLY | O_CREAT, 0200000),
};

static const char *const open_paths[] = {
	"missing",
	"file",
	"shut",
	"program",
	"dir",
	"link",
	"dirlink",
	"dangling",
	"loop",
	"fifo",
	"socket",
	"closed",
	"closed/file",
	"foreign/file",
	"foreign/missing",
	"file/",
	"dir/",
	"dirlink/",
	"slashlink",
	"missing/",
	"dangling/",
	"dir/.",
	"dir/..",
	"dir/up/file",
	"dir//file",
	"./file",
	"file/below",
	"missing/below",
	"",
	".",
	"..",
	"/",
	"chain/40",
	"chain/41",
	"/dev/null",
	"/dev/zero",
	"/proc/self/status",
	"/proc/self/nothing",
};

static int open_access(const struct open_flag *flag, const char *path)
{
	/* Without O_NONBLOCK a FIFO would wait for its other end. */
	return flag->flags | (strcmp(path, "fifo") == 0 ? O_NONBLOCK : 0);
}

/* Undoes what an open may have done. */
static void open_reset(const char *path)
{
	static const char *const made[] = { "missing", "nowhere", "foreign/missing", "no-such", "../no-such" };

	for (size_t i = 0; i < DIFF_COUNT(made); i++)
		unlink(made[i]);
	if (truncate("file", 7) == 0 && strcmp(path, "shut") == 0) {
		chmod("shut", 0600);
		guest_write("shut", "shut");
		chmod("shut", 0);
	}
	if (strncmp(path, "dir", 3) == 0)
		guest_write("dir/file", "in dir");
	if (strncmp(path, "chain", 5) == 0)
		guest_write("chain/0", "end of chain");
	if (strcmp(path, "program") == 0)
		guest_write("program", "#!/bin/sh\n");
}

static void open_end(struct diff *diff, const char *path)
{
	struct stat status;
	int fd = (int)diff->result;

	if (fd >= 0) {
		printf(" flags %x fd flags %x", diff_flags(fd), (unsigned)fcntl(fd, F_GETFD));
		if (strncmp(path, "/", 1) != 0 && fstat(fd, &status) == 0)
			diff_show_status(&status);
		close(fd);
	}
	if (lstat("nowhere", &status) == 0)
		printf(" made nowhere %o", (unsigned)status.st_mode);
	if (lstat("missing", &status) == 0)
		printf(" made missing %o", (unsigned)status.st_mode);
	if (lstat("file", &status) == 0 && status.st_size != 7)
		printf(" file is %lld", (long long)status.st_size);
	putchar('\n');
	open_reset(path);
}

static void open_each(struct diff *diff, const char *path)
{
	for (size_t i = 0; i < DIFF_COUNT(open_flags); i++) {
		const struct open_flag *flag = &open_flags[i];
		int flags = open_access(flag, path);

		if (!diff->with_path && (flags & O_PATH))
			continue;
		DIFF_BEGIN(diff, guest_open(path, flags, flag->mode), "open(\"%s\", %s, 0%o)", path, flag->name,
			flag->mode);
		open_end(diff, path);
	}
	DIFF_BEGIN(diff, strcmp(path, "fifo") ? guest_creat(path, 0640) : -1, "creat(\"%s\")", path);
	open_end(diff, path);
}

static void open_each2(struct diff *diff, const char *path)
{
	for (size_t i = 0; i < DIFF_COUNT(open_flags); i++) {
		const struct open_flag *flag = &open_flags[i];
		struct open_how how = { .flags = (uint32_t)open_access(flag, path), .mode = flag->mode };

		/* These flags lie in memory, which the kernel is never left to decide on. */
		if (how.flags & O_PATH)
			continue;
		DIFF_BEGIN(diff, syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)), "openat2(\"%s\", %s, 0%o)",
			path, flag->name, flag->mode);
		open_end(diff, path);
	}
}

/* "..", within a scope, is EAGAIN when anything is renamed or mounted anywhere: asked for again, as its manual says. */
static long open_scoped(const char *path, struct open_how *how)
{
	long fd;

	do
		fd = syscall(SYS_openat2, AT_FDCWD, path, how, sizeof(*how));
	while (fd < 0 && errno == EAGAIN && !(how->resolve & RESOLVE_CACHED));
	return fd;
}

static const char *const open_resolve_paths[] = {
	"file",
	"dir/file",
	"dir/../file",
	"../no-such",
	"/etc/hostname",
	"link",
	"dirlink/file",
	"dir/up/file",
	"dangling",
	"loop",
	"/proc/self/status",
	"/proc/self/cwd/file",
	"/proc/self/exe",
	"/proc/self/fd/0",
	".",
	"/",
	"..",
	"chain/3",
};

static void open_resolve(struct diff *diff)
{
	/* not RESOLVE_CACHED: any kernel may answer EAGAIN to it at any time */
	static const uint64_t resolves[] = { 1, 2, 4, 8, 16, 24, 12, 6, 7, 64, 1ULL << 32 };
	static const int flags[] = { O_RDONLY, O_NOFOLLOW, O_DIRECTORY, O_WRONLY | O_CREAT };

	for (size_t i = 0; i < DIFF_COUNT(open_resolve_paths); i++)
		for (size_t j = 0; j < DIFF_COUNT(resolves) * DIFF_COUNT(flags); j++) {
			uint64_t resolve = resolves[j / DIFF_COUNT(flags)];
			int flag = flags[j % DIFF_COUNT(flags)];
			struct open_how how = {
				.flags = (uint64_t)flag, .resolve = resolve, .mode = flag & O_CREAT ? 0600 : 0
			};
			const char *path = open_resolve_paths[i];

			if (path[0] == '/' && (flag & O_CREAT))
				continue;
			DIFF_BEGIN(diff, open_scoped(path, &how), "openat2(\"%s\", %x, resolve %llx)", path,
				(unsigned)flag, (unsigned long long)resolve);
			open_end(diff, "/");
		}
}

/* Bits above 32 of flags and mode: openat2 sees them, open drops them. */
static void open_wide(struct diff *diff)
{
	static const uint64_t wide[] = { 1ULL << 32, 1ULL << 63, 0x80000000ULL, 0x100000000ULL | O_RDWR };

	for (size_t i = 0; i < DIFF_COUNT(wide); i++) {
		struct open_how flags = { .flags = wide[i] }, mode = { .flags = O_CREAT | O_RDWR, .mode = wide[i] };

		DIFF_BEGIN(diff, syscall(SYS_openat2, AT_FDCWD, "file", &flags, sizeof(flags)), "openat2(file, %llx)",
			(unsigned long long)wide[i]);
		open_end(diff, "file");
		DIFF_BEGIN(diff, syscall(SYS_openat2, AT_FDCWD, "file", &mode, sizeof(mode)),
			"openat2(file, mode %llx)", (unsigned long long)wide[i]);
		open_end(diff, "file");
		DIFF_BEGIN(diff, guest_open("file", (long)wide[i], 0), "open(file, %lx)", (long)wide[i]);
		open_end(diff, "file");
	}
}

/* Out of a scope that the caller may not walk in. */
static void open_closed(struct diff *diff)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	int scope;

	CHECK(mkdir("scope", 0700) == 0 && chdir("scope") == 0 && (scope = open(".", O_RDONLY)) >= 0);
	for (unsigned mode = 0700; mode >= 0600; mode -= 0100) {
		CHECK(fchmod(scope, mode) == 0);
		DIFF(diff, syscall(SYS_openat2, AT_FDCWD, "..", &how, sizeof(how)), "openat2(.. beneath, in %o)", mode);
	}
	CHECK(fchmod(scope, 0700) == 0 && close(scope) == 0 && chdir("..") == 0 && rmdir("scope") == 0);
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	diff_make_tree();
	open_closed(&diff);
	for (size_t i = 0; i < DIFF_COUNT(open_paths); i++) {
		open_each(&diff, open_paths[i]);
		open_each2(&diff, open_paths[i]);
	}
	open_resolve(&diff);
	open_wide(&diff);
	return 0;
}
