/*
 * Every call of one category, by its name: in the folder "prot", where it must be refused with the
 * errno of the category, and in "free", which is made anew for each call and where it must work.
 * The tests see to "prot", and that nothing in it has changed. "native": only "free".
 */
#include "guest.h"

#include <linux/fs.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <utime.h>

#define RENAME_NOREPLACE_FLAG 1
#define RENAME_EXCHANGE_FLAG 2
#define RENAME_WHITEOUT_FLAG 4

struct try_row {
	const char *category;
	const char *name;
	long (*call)(const char *folder);
	bool for_root; /* natively it needs a capability */
};

/* "FOLDER/NAME", in one of a few buffers. */
static const char *try_at(const char *folder, const char *name)
{
	static char buffers[4][128];
	static unsigned next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/%s", folder, name);
	return buffer;
}

static int try_folder(const char *folder)
{
	int fd = open(folder, O_PATH | O_DIRECTORY);

	if (fd < 0)
		fd = open(folder, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	return fd;
}

static int try_open(const char *folder, int flags)
{
	int fd = open(try_at(folder, "file"), flags);

	CHECK(fd >= 0);
	return fd;
}

/* Makes the call on what `open` gave, and closes it. */
#define TRY_ON(open_call, call) \
	({ \
		int fd = (open_call); \
		long result = (call); \
		int saved = errno; \
		close(fd); \
		errno = saved; \
		result; \
	})

#define ROW(function, expression) \
	static long function(const char *d) \
	{ \
		return (expression); \
	}
#define FILE_OF(d) try_at(d, "file")
#define NEW_OF(d) try_at(d, "new")

ROW(try_unlink, syscall(SYS_unlink, FILE_OF(d)))
ROW(try_unlinkat, TRY_ON(try_folder(d), unlinkat(fd, "file", 0)))
ROW(try_unlink_symlink, unlink(try_at(d, "link")))
ROW(try_rmdir, syscall(SYS_rmdir, try_at(d, "empty")))
ROW(try_rmdir_at, TRY_ON(try_folder(d), unlinkat(fd, "empty", AT_REMOVEDIR)))
ROW(try_mkdir, syscall(SYS_mkdir, NEW_OF(d), 0700))
ROW(try_mkdirat, TRY_ON(try_folder(d), mkdirat(fd, "new/", 0700)))
ROW(try_symlink, syscall(SYS_symlink, "x", NEW_OF(d)))
ROW(try_symlinkat, TRY_ON(try_folder(d), symlinkat("x", fd, "new")))

ROW(try_rename, syscall(SYS_rename, FILE_OF(d), NEW_OF(d)))
ROW(try_rename_in, rename("loose", NEW_OF(d)))
ROW(try_rename_over, rename("loose", FILE_OF(d)))
ROW(try_rename_out, rename(FILE_OF(d), "taken"))
ROW(try_rename_directory, rename(try_at(d, "empty"), NEW_OF(d)))
ROW(try_renameat, TRY_ON(try_folder(d), syscall(SYS_renameat, fd, "file", fd, "new")))
ROW(try_noreplace,
	TRY_ON(try_folder(d), syscall(SYS_renameat2, fd, "file", AT_FDCWD, NEW_OF(d), RENAME_NOREPLACE_FLAG)))
ROW(try_exchange, syscall(SYS_renameat2, AT_FDCWD, FILE_OF(d), AT_FDCWD, "loose", RENAME_EXCHANGE_FLAG))
ROW(try_exchange_back, syscall(SYS_renameat2, AT_FDCWD, "loose", AT_FDCWD, FILE_OF(d), RENAME_EXCHANGE_FLAG))
ROW(try_whiteout, syscall(SYS_renameat2, AT_FDCWD, FILE_OF(d), AT_FDCWD, NEW_OF(d), RENAME_WHITEOUT_FLAG))
ROW(try_link, syscall(SYS_link, FILE_OF(d), NEW_OF(d)))
ROW(try_link_in, link("loose", NEW_OF(d)))
ROW(try_link_out, link(FILE_OF(d), "taken"))
ROW(try_linkat, TRY_ON(try_folder(d), linkat(fd, "link", fd, "new", AT_SYMLINK_FOLLOW)))

ROW(try_chown, chown(FILE_OF(d), geteuid(), (gid_t)-1))
ROW(try_lchown, syscall(SYS_lchown, try_at(d, "link"), geteuid(), -1))
ROW(try_fchown, TRY_ON(try_open(d, O_RDONLY), fchown(fd, geteuid(), (gid_t)-1)))
ROW(try_fchownat, TRY_ON(try_folder(d), fchownat(fd, "file", geteuid(), (gid_t)-1, 0)))
ROW(try_chown_nothing, chown(FILE_OF(d), (uid_t)-1, (gid_t)-1))
ROW(try_chown_both, chown(FILE_OF(d), geteuid(), getegid()))
ROW(try_chgrp, chown(FILE_OF(d), (uid_t)-1, getegid()))
ROW(try_fchgrp, TRY_ON(try_open(d, O_RDONLY), fchown(fd, (uid_t)-1, getegid())))
ROW(try_fchgrp_empty, TRY_ON(try_open(d, O_RDONLY), fchownat(fd, "", (uid_t)-1, getegid(), AT_EMPTY_PATH)))
ROW(try_chmod, syscall(SYS_chmod, FILE_OF(d), 0600))
ROW(try_fchmod, TRY_ON(try_open(d, O_RDONLY), fchmod(fd, 0600)))
ROW(try_fchmodat, TRY_ON(try_folder(d), syscall(SYS_fchmodat, fd, "file", 0600)))
ROW(try_fchmodat2, TRY_ON(try_folder(d), syscall(SYS_fchmodat2, fd, "file", 0600, 0)))

static long try_block(long number, const char *path, void *value, size_t size)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} block = { (uintptr_t)value, (uint32_t)size, 0 };

	return syscall(number, AT_FDCWD, path, 0, "user.old", &block, sizeof(block));
}

static long try_file_attr(long number, const char *path)
{
	uint64_t attributes[3] = { 0 };

	return syscall(number, AT_FDCWD, path, attributes, sizeof(attributes), 0);
}

ROW(try_setxattr, setxattr(FILE_OF(d), "user.x", "v", 1, 0))
ROW(try_lsetxattr, lsetxattr(FILE_OF(d), "user.x", "v", 1, 0))
ROW(try_fsetxattr, TRY_ON(try_open(d, O_RDONLY), fsetxattr(fd, "user.x", "v", 1, 0)))
ROW(try_setxattrat, try_block(SYS_setxattrat, FILE_OF(d), "w", 1))
ROW(try_removexattr, removexattr(FILE_OF(d), "user.old"))
ROW(try_fremovexattr, TRY_ON(try_open(d, O_RDONLY), fremovexattr(fd, "user.old")))
ROW(try_removexattrat, syscall(SYS_removexattrat, AT_FDCWD, FILE_OF(d), 0, "user.old"))
ROW(try_file_setattr, try_file_attr(SYS_file_setattr, FILE_OF(d)))
ROW(try_getxattr, getxattr(FILE_OF(d), "user.old", NULL, 0) == 1 ? 0 : -1)
ROW(try_getxattrat, try_block(SYS_getxattrat, FILE_OF(d), NULL, 0) == 1 ? 0 : -1)
ROW(try_listxattrat, syscall(SYS_listxattrat, AT_FDCWD, FILE_OF(d), 0, NULL, 0) > 0 ? 0 : -1)
ROW(try_stat, syscall(SYS_stat, FILE_OF(d), (char[512]){ 0 }))
ROW(try_fstatat, TRY_ON(try_folder(d), fstatat(fd, "file", &(struct stat){ 0 }, 0)))
ROW(try_statx, syscall(SYS_statx, AT_FDCWD, FILE_OF(d), 0, 0x7ff, (char[512]){ 0 }))
ROW(try_file_getattr, try_file_attr(SYS_file_getattr, FILE_OF(d)))

ROW(try_utime, utime(FILE_OF(d), &(struct utimbuf){ 1, 2 }))
ROW(try_utimes, syscall(SYS_utimes, FILE_OF(d), NULL))
ROW(try_futimesat, TRY_ON(try_folder(d), syscall(SYS_futimesat, fd, "file", NULL)))
ROW(try_utimensat, TRY_ON(try_folder(d), utimensat(fd, "link", NULL, AT_SYMLINK_NOFOLLOW)))
ROW(try_futimens, TRY_ON(try_open(d, O_RDONLY), futimens(fd, NULL)))

static long try_node(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return TRY_ON(socket(AF_UNIX, SOCK_STREAM, 0), bind(fd, (struct sockaddr *)&address, sizeof(address)));
}

ROW(try_fifo, syscall(SYS_mknod, NEW_OF(d), S_IFIFO | 0600, 0))
ROW(try_fifo_at, TRY_ON(try_folder(d), syscall(SYS_mknodat, fd, "new", S_IFIFO | 0600, 0)))
ROW(try_null, syscall(SYS_mknod, NEW_OF(d), S_IFCHR | 0600, (unsigned)makedev(1, 3)))
ROW(try_whiteout_node, TRY_ON(try_folder(d), syscall(SYS_mknodat, fd, "new", S_IFCHR, 0)))
ROW(try_disk, TRY_ON(try_folder(d), syscall(SYS_mknodat, fd, "new", S_IFBLK | 0600, (unsigned)makedev(7, 250))))
ROW(try_regular, syscall(SYS_mknod, NEW_OF(d), S_IFREG | 0600, 0))
ROW(try_regular_at, TRY_ON(try_folder(d), syscall(SYS_mknodat, fd, "new", 0600, 0)))
ROW(try_socket, syscall(SYS_mknod, NEW_OF(d), S_IFSOCK | 0600, 0))
ROW(try_bind, try_node(NEW_OF(d)))
ROW(try_creat, TRY_ON(creat(NEW_OF(d), 0600), fd < 0 ? -1 : 0))

ROW(try_truncate, truncate(FILE_OF(d), 0))
ROW(try_ftruncate, TRY_ON(try_open(d, O_RDWR), ftruncate(fd, 0)))
ROW(try_fallocate, TRY_ON(try_open(d, O_RDWR), fallocate(fd, 0, 0, 100)))
ROW(try_open_trunc, TRY_ON(open(FILE_OF(d), O_WRONLY | O_TRUNC), fd < 0 ? -1 : 0))
ROW(try_tmpfile, TRY_ON(open(d, O_TMPFILE | O_RDWR, 0600), fd < 0 ? -1 : 0))

#define SAYS(function) #function, function
static const struct try_row try_rows[] = {
	{ "delete", SAYS(try_unlink), false },
	{ "delete", SAYS(try_unlinkat), false },
	{ "delete", SAYS(try_unlink_symlink), false },
	{ "rmdir", SAYS(try_rmdir), false },
	{ "rmdir", SAYS(try_rmdir_at), false },
	{ "mkdir", SAYS(try_mkdir), false },
	{ "mkdir", SAYS(try_mkdirat), false },
	{ "symlink", SAYS(try_symlink), false },
	{ "symlink", SAYS(try_symlinkat), false },
	{ "rename", SAYS(try_rename), false },
	{ "rename", SAYS(try_rename_in), false },
	{ "rename", SAYS(try_rename_over), false },
	{ "rename", SAYS(try_rename_out), false },
	{ "rename", SAYS(try_rename_directory), false },
	{ "rename", SAYS(try_renameat), false },
	{ "rename", SAYS(try_noreplace), false },
	{ "rename", SAYS(try_exchange), false },
	{ "rename", SAYS(try_exchange_back), false },
	{ "rename", SAYS(try_whiteout), false },
	{ "rename", SAYS(try_link), false },
	{ "rename", SAYS(try_link_in), false },
	{ "rename", SAYS(try_link_out), false },
	{ "rename", SAYS(try_linkat), false },
	{ "chown", SAYS(try_chown), false },
	{ "chown", SAYS(try_lchown), false },
	{ "chown", SAYS(try_fchown), false },
	{ "chown", SAYS(try_fchownat), false },
	{ "chown", SAYS(try_chown_nothing), false },
	{ "chown", SAYS(try_chown_both), false },
	{ "chgrp", SAYS(try_chgrp), false },
	{ "chgrp", SAYS(try_fchgrp), false },
	{ "chgrp", SAYS(try_fchgrp_empty), false },
	{ "chgrp", SAYS(try_chown_both), false },
	{ "chmod", SAYS(try_chmod), false },
	{ "chmod", SAYS(try_fchmod), false },
	{ "chmod", SAYS(try_fchmodat), false },
	{ "chmod", SAYS(try_fchmodat2), false },
	{ "chattr", SAYS(try_setxattr), false },
	{ "chattr", SAYS(try_lsetxattr), false },
	{ "chattr", SAYS(try_fsetxattr), false },
	{ "chattr", SAYS(try_setxattrat), false },
	{ "chattr", SAYS(try_removexattr), false },
	{ "chattr", SAYS(try_fremovexattr), false },
	{ "chattr", SAYS(try_removexattrat), false },
	{ "chattr", SAYS(try_file_setattr), false },
	{ "read", SAYS(try_getxattr), false },
	{ "read", SAYS(try_getxattrat), false },
	{ "read", SAYS(try_listxattrat), false },
	{ "stat", SAYS(try_stat), false },
	{ "stat", SAYS(try_fstatat), false },
	{ "stat", SAYS(try_statx), false },
	{ "stat", SAYS(try_file_getattr), false },
	{ "utime", SAYS(try_utime), false },
	{ "utime", SAYS(try_utimes), false },
	{ "utime", SAYS(try_futimesat), false },
	{ "utime", SAYS(try_utimensat), false },
	{ "utime", SAYS(try_futimens), false },
	{ "mkfifo", SAYS(try_fifo), false },
	{ "mkfifo", SAYS(try_fifo_at), false },
	{ "mkcdev", SAYS(try_null), true },
	{ "mkcdev", SAYS(try_whiteout_node), false },
	{ "mkcdev", SAYS(try_whiteout), false },
	{ "mkbdev", SAYS(try_disk), true },
	{ "create", SAYS(try_regular), false },
	{ "create", SAYS(try_regular_at), false },
	{ "create", SAYS(try_socket), false },
	{ "create", SAYS(try_bind), false },
	{ "create", SAYS(try_creat), false },
	{ "truncate", SAYS(try_truncate), false },
	{ "truncate", SAYS(try_ftruncate), false },
	{ "truncate", SAYS(try_fallocate), false },
	{ "truncate", SAYS(try_open_trunc), false },
	{ "mktemp", SAYS(try_tmpfile), false },
};

/* "loose" and "free" as every call expects them; what calls before have left is taken away. */
static void try_prepare(void)
{
	static const char *const leftovers[] = { "free/file", "free/new", "free/link", "taken", "loose" };

	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++)
		unlink(leftovers[i]);
	rmdir("free/new");
	rmdir("free/empty");
	rmdir("free");
	CHECK(mkdir("free", 0700) == 0 && mkdir("free/empty", 0700) == 0 && symlink("file", "free/link") == 0);
	guest_write("free/file", "free");
	guest_write("loose", "loose");
	CHECK(setxattr("free/file", "user.old", "v", 1, 0) == 0);
}

static int try_one(const struct try_row *row, const char *folder, int error)
{
	long result;

	errno = 0;
	result = row->call(folder);
	if (result == -1 && errno == ENOSYS) /* older than the call */
		return 0;
	if (error ? result == -1 && errno == error : result == 0)
		return 0;
	fprintf(stderr, "%s of %s in %s: %ld, %s, expected %s\n", row->category, row->name, folder, result,
		strerror(errno), strerror(error));
	return 1;
}

int main(int argc, char **argv)
{
	bool native = argc > 2;
	int tried = 0, wrong = 0;

	CHECK(argc > 1);
	for (size_t i = 0; i < sizeof(try_rows) / sizeof(try_rows[0]); i++) {
		const struct try_row *row = &try_rows[i];

		if (strcmp(row->category, argv[1]) != 0)
			continue;
		tried++;
		try_prepare();
		if (!native)
			wrong += try_one(row, "prot", strcmp(argv[1], "stat") == 0 ? ENOENT : EACCES);
		wrong += try_one(row, "free", row->for_root && geteuid() != 0 ? EPERM : 0);
	}
	CHECK(tried > 0);
	return wrong > 0;
}
