/*
 * The reads of extended attributes: by name, by link and by descriptor, sizes that do
 * not fit, names that are missing or too long.
 */
#include "guest.h"
#include "guest_o_path.h"

#include <sys/xattr.h>

static void xattr_check_get(int fd)
{
	void *volatile bad = (void *)1;
	char value[64];

	CHECK(getxattr("file", "user.color", value, sizeof(value)) == 5 && memcmp(value, "green", 5) == 0);
	CHECK(getxattr("link", "user.color", value, sizeof(value)) == 5);
	CHECK(fgetxattr(fd, "user.color", value, sizeof(value)) == 5);
	CHECK(getxattr("file", "user.color", NULL, 0) == 5 && fgetxattr(fd, "user.color", NULL, 0) == 5);
	CHECK(lgetxattr("file", "user.color", value, sizeof(value)) == 5);
	CHECK_ERR(ENODATA, lgetxattr("link", "user.color", value, sizeof(value)));
	CHECK_ERR(ERANGE, getxattr("file", "user.color", value, 4));
	CHECK_ERR(ENODATA, getxattr("file", "user.none", value, sizeof(value)));
	CHECK_ERR(EOPNOTSUPP, getxattr("file", "nonsense", value, sizeof(value)));
	CHECK_ERR(ENOENT, getxattr("missing", "user.color", value, sizeof(value)));
	CHECK_ERR(EBADF, fgetxattr(99, "user.color", value, sizeof(value)));
	CHECK_ERR(EFAULT, getxattr("file", "user.color", bad, 64));
	CHECK_ERR(EFAULT, getxattr("file", bad, value, sizeof(value)));
	CHECK_ERR(EFAULT, getxattr(bad, "user.color", value, sizeof(value)));
	CHECK_ERR(ERANGE, getxattr("file", "", value, sizeof(value)));
}

static void xattr_check_list(int fd)
{
	char names[256];
	ssize_t length = listxattr("file", names, sizeof(names));

	CHECK(length > 0 && memmem(names, (size_t)length, "user.color", 11));
	CHECK(flistxattr(fd, names, sizeof(names)) == length && listxattr("link", names, sizeof(names)) == length);
	CHECK(llistxattr("file", NULL, 0) == length);
	CHECK(llistxattr("link", names, sizeof(names)) == 0);
	CHECK_ERR(ERANGE, listxattr("file", names, 3));
	CHECK_ERR(ENOENT, listxattr("missing", names, sizeof(names)));
	CHECK_ERR(EBADF, flistxattr(99, names, sizeof(names)));
}

static void xattr_check_descriptors(void)
{
	char value[64], name[300];
	int path = open("file", O_PATH);

	CHECK(path >= 0);
	if (guest_has_o_path()) {
		CHECK_ERR(EBADF, fgetxattr(path, "user.color", value, sizeof(value)));
		CHECK_ERR(EBADF, flistxattr(path, value, sizeof(value)));
	} else {
		CHECK(fgetxattr(path, "user.color", value, sizeof(value)) == 5);
	}
	CHECK(close(path) == 0);
	memset(name, 'x', sizeof(name));
	memcpy(name, "user.", 5);
	name[256] = '\0';
	CHECK_ERR(ERANGE, getxattr("file", name, value, sizeof(value)));
	name[255] = '\0';
	CHECK_ERR(ENODATA, getxattr("file", name, value, sizeof(value)));
}

int main(void)
{
	int fd;

	guest_write("file", "text");
	CHECK(symlink("file", "link") == 0);
	if (setxattr("file", "user.color", "green", 5, 0))
		guest_skip("the file system of the tests keeps no user attributes");
	CHECK((fd = open("file", O_RDONLY)) >= 0);
	xattr_check_get(fd);
	xattr_check_list(fd);
	xattr_check_descriptors();
	CHECK(removexattr("file", "user.color") == 0);
	return 0;
}
