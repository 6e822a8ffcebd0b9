/*
 * The newest forms of the calls on attributes, by number because no C library has them all: setxattrat,
 * getxattrat, listxattrat, removexattrat (6.13), file_getattr and file_setattr (6.17), with
 * every kind of directory descriptor, empty and missing names, flags, and sizes of structures.
 */
#include "diff.h"
#include "diff_tree.h"

#include <sys/xattr.h>

/* struct xattr_args and struct file_attr; room behind them for a future that is not zero. */
struct attr_value {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
	char future[5000];
};

struct attr_file {
	uint64_t xflags;
	uint32_t numbers[4];
	char future[5000];
};

#define ATTR_NODUMP 0x80 /* FS_XFLAG_NODUMP */

static const unsigned attr_flags[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
	AT_NO_AUTOMOUNT, 1, 0x80000000u };
static const char *const attr_names[] = { "user.test", "user.none", "trusted.x", "security.x", "nonsense", "", NULL };

static struct attr_value attr_value_of(const void *bytes, size_t size, unsigned flags)
{
	return (struct attr_value){ .value = (uintptr_t)bytes, .size = (uint32_t)size, .flags = flags };
}

static void attr_set(struct diff *diff, const char *what, int dirfd, const char *path, unsigned flags)
{
	struct attr_value value = attr_value_of("value", 5, 0);
	struct attr_file file = { .xflags = ATTR_NODUMP };
	const char *shown = path ? path : "NULL";

	for (size_t i = 0; i < DIFF_COUNT(attr_names); i++)
		DIFF(diff, syscall(SYS_setxattrat, dirfd, path, flags, attr_names[i], &value, 16),
			"setxattrat(%s, \"%s\", %x, %s)", what, shown, flags, attr_names[i] ? attr_names[i] : "NULL");
	DIFF(diff, syscall(SYS_file_setattr, dirfd, path, &file, 24, flags), "file_setattr(%s, \"%s\", %x)", what,
		shown, flags);
}

static void attr_get(struct diff *diff, const char *what, int dirfd, const char *path, unsigned flags)
{
	char bytes[64] = "";
	struct attr_value value = attr_value_of(bytes, sizeof(bytes), 0);
	struct attr_file file = { 0 };
	const char *shown = path ? path : "NULL";

	for (size_t i = 0; i < DIFF_COUNT(attr_names); i++) {
		DIFF_BEGIN(diff, syscall(SYS_getxattrat, dirfd, path, flags, attr_names[i], &value, 16),
			"getxattrat(%s, \"%s\", %x, %s)", what, shown, flags, attr_names[i] ? attr_names[i] : "NULL");
		printf(" %.*s\n", diff->result > 0 ? (int)diff->result : 0, bytes);
	}
	DIFF(diff, syscall(SYS_listxattrat, dirfd, path, flags, bytes, sizeof(bytes)), "listxattrat(%s, \"%s\", %x)",
		what, shown, flags);
	DIFF(diff, syscall(SYS_listxattrat, dirfd, path, flags, bytes, 3), "listxattrat(%s, \"%s\", %x, 3)", what,
		shown, flags);
	DIFF_BEGIN(diff, syscall(SYS_file_getattr, dirfd, path, &file, 24, flags), "file_getattr(%s, \"%s\", %x)", what,
		shown, flags);
	printf(" %llx %u\n", (unsigned long long)file.xflags, file.numbers[2]);
	DIFF(diff, syscall(SYS_removexattrat, dirfd, path, flags, "user.test"), "removexattrat(%s, \"%s\", %x)", what,
		shown, flags);
}

static void attr_relative(struct diff *diff, const char *what, int dirfd)
{
	static const char *const paths[] = { "file", "shut", "dir", "link", "dangling", "fifo", "closed/file",
		"foreign/file", "missing", "file/", "sub", "../file", "", NULL };

	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		for (size_t j = 0; j < DIFF_COUNT(attr_flags); j++) {
			attr_set(diff, what, dirfd, paths[i], attr_flags[j]);
			attr_get(diff, what, dirfd, paths[i], attr_flags[j]);
		}
	}
	if (dirfd >= 0)
		close(dirfd);
}

/* What is wrong with the structure, and with the path at the same time. */
static void attr_structures(struct diff *diff, const char *path)
{
	static const size_t sizes[] = { 0, 8, 15, 16, 17, 23, 24, 25, 32, 4096, 4097 };
	static const int futures[] = { 0, 1 };
	char bytes[16];

	for (size_t i = 0; i < DIFF_COUNT(sizes) * DIFF_COUNT(futures); i++) {
		size_t size = sizes[i / 2];
		struct attr_value in = attr_value_of("v", 1, 0), out = attr_value_of(bytes, sizeof(bytes), 0);
		struct attr_file file = { 0 };

		in.future[0] = out.future[0] = file.future[0] = (char)futures[i % 2];
		DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, path, 0, "user.test", &in, size),
			"setxattrat(\"%s\") of %zu, %d", path, size, futures[i % 2]);
		DIFF(diff, syscall(SYS_getxattrat, AT_FDCWD, path, 0, "user.test", &out, size),
			"getxattrat(\"%s\") of %zu, %d", path, size, futures[i % 2]);
		DIFF(diff, syscall(SYS_file_setattr, AT_FDCWD, path, &file, size, 0), "file_setattr(\"%s\") of %zu, %d",
			path, size, futures[i % 2]);
		DIFF_BEGIN(diff, syscall(SYS_file_getattr, AT_FDCWD, path, &file, size, 0),
			"file_getattr(\"%s\") of %zu, %d", path, size, futures[i % 2]);
		printf(" then %d\n", file.future[0]);
	}
}

static void attr_values(struct diff *diff, const char *path)
{
	static const size_t sizes[] = { 0, 1, 2, 255, 65535, 65536, 65537, 200000 };
	static char bytes[200000];
	char longest[260];

	for (size_t i = 0; i < DIFF_COUNT(sizes) * 4; i++) {
		struct attr_value value = attr_value_of(bytes, sizes[i / 4], (unsigned)(i % 4));

		DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, path, 0, "user.test", &value, 16),
			"setxattrat(\"%s\") of %zu bytes, flags %zu", path, sizes[i / 4], i % 4);
		DIFF(diff, syscall(SYS_getxattrat, AT_FDCWD, path, 0, "user.test", &value, 16),
			"getxattrat(\"%s\") of %zu bytes, flags %zu", path, sizes[i / 4], i % 4);
	}
	for (size_t length = 253; length < 259; length++) {
		struct attr_value value = attr_value_of("v", 1, 4);

		memset(longest, 'n', sizeof(longest));
		memcpy(longest, "user.", 5);
		longest[length] = '\0';
		DIFF(diff, syscall(SYS_getxattrat, AT_FDCWD, path, 0, longest, &(struct attr_value){ 0 }, 16),
			"getxattrat(\"%s\") name of %zu", path, length);
		DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, path, 0, longest, &value, 16),
			"setxattrat(\"%s\") flags 4, name of %zu", path, length);
	}
}

static void attr_pointers(struct diff *diff, const char *path)
{
	void *volatile bad = (void *)1;
	struct attr_value value = attr_value_of(bad, 8, 0);

	DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, bad, 0, "user.test", &value, 16), "setxattrat(bad path)");
	DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, bad, 0x1000, "user.test", bad, 16), "setxattrat(bad block)");
	DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, path, 0, bad, &value, 16), "setxattrat(%s, bad name)", path);
	DIFF(diff, syscall(SYS_setxattrat, AT_FDCWD, path, 0, "user.x", &value, 16), "setxattrat(%s, bad)", path);
	setxattr(path, "user.test", "value", 5, 0);
	DIFF(diff, syscall(SYS_getxattrat, AT_FDCWD, path, 0, "user.test", &value, 16), "getxattrat(%s, bad)", path);
	DIFF(diff, syscall(SYS_listxattrat, AT_FDCWD, path, 0, bad, 100), "listxattrat(%s, bad)", path);
	DIFF(diff, syscall(SYS_listxattrat, 98, bad, AT_EMPTY_PATH, bad, 100), "listxattrat(98, bad path)");
	DIFF(diff, syscall(SYS_removexattrat, AT_FDCWD, bad, 1, bad), "removexattrat(bad flags)");
	DIFF(diff, syscall(SYS_file_getattr, AT_FDCWD, path, bad, 24, 0), "file_getattr(%s, bad)", path);
	DIFF(diff, syscall(SYS_file_setattr, AT_FDCWD, path, bad, 24, 0), "file_setattr(%s, bad)", path);
	DIFF(diff, syscall(SYS_file_setattr, AT_FDCWD, bad, bad, 24, 0), "file_setattr(bad, bad)");
	DIFF(diff, syscall(SYS_file_setattr, AT_FDCWD, path, &(struct attr_file){ .xflags = UINT64_C(1) << 40 }, 24, 0),
		"file_setattr(%s, unknown)", path);
}

int main(int argc, char **argv)
{
	static const char *const paths[] = { "file", "dir", "link", "missing", "foreign/file", "fifo", "closed/file" };
	struct diff diff = diff_start(argc, argv);
	int ends[2] = { -1, -1 };

	diff_make_tree();
	attr_relative(&diff, "cwd", AT_FDCWD);
	attr_relative(&diff, "-1", -1);
	attr_relative(&diff, "99", 99);
	attr_relative(&diff, "dir", open("dir", O_RDONLY | O_DIRECTORY));
	attr_relative(&diff, "file", open("file", O_RDONLY));
	if (diff.with_path) {
		attr_relative(&diff, "file by O_PATH", open("file", O_PATH));
		attr_relative(&diff, "link by O_PATH", open("link", O_PATH | O_NOFOLLOW));
	}
	(void)!pipe(ends);
	attr_relative(&diff, "pipe", ends[0]);
	attr_relative(&diff, "memory", memfd_create("attr", 0));
	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		attr_structures(&diff, paths[i]);
		attr_values(&diff, paths[i]);
		attr_pointers(&diff, paths[i]);
	}
	return 0;
}
