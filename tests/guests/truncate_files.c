/*
 * truncate, ftruncate and fallocate: what they change, and which descriptors and
 * sizes they refuse. 64-bit sizes come in pairs of registers from i386.
 */
#include "guest.h"
#include "guest_o_path.h"

static off_t truncate_size(const char *path)
{
	struct stat status;

	CHECK(stat(path, &status) == 0);
	return status.st_size;
}

static void truncate_check_names(void)
{
	guest_write("file", "0123456789");
	CHECK(truncate("file", 4) == 0 && truncate_size("file") == 4);
	CHECK(truncate("link", 5000000000LL) == 0 && truncate_size("file") == 5000000000LL);
	CHECK(truncate("file", 0) == 0 && truncate_size("file") == 0);
	CHECK_ERR(EINVAL, truncate("file", -1));
	CHECK_ERR(EISDIR, truncate(".", 0));
	CHECK_ERR(ENOENT, truncate("missing", 0));
	CHECK_ERR(EINVAL, truncate("/dev/null", 0));
	CHECK_ERR(ENOTDIR, truncate("file/", 0));
}

static void truncate_check_descriptors(void)
{
	int writable = open("file", O_RDWR);
	int readable = open("file", O_RDONLY);
	int held = open("file", O_PATH);
	int ends[2];

	CHECK(writable >= 0 && readable >= 0 && held >= 0 && pipe(ends) == 0);
	CHECK(ftruncate(writable, 6000000001LL) == 0 && truncate_size("file") == 6000000001LL);
	CHECK(ftruncate(writable, 7) == 0 && truncate_size("file") == 7);
	CHECK_ERR(EINVAL, ftruncate(readable, 1));
	CHECK_ERR(guest_has_o_path() ? EBADF : EINVAL, ftruncate(held, 1));
	CHECK_ERR(EINVAL, ftruncate(ends[1], 1));
	CHECK_ERR(EINVAL, ftruncate(writable, -1));
	CHECK_ERR(EBADF, ftruncate(99, 1));
	CHECK(truncate_size("file") == 7);
}

static void truncate_check_allocate(void)
{
	int fd = open("file", O_RDWR);
	int readable = open("file", O_RDONLY);

	CHECK(fd >= 0 && readable >= 0);
	CHECK(fallocate(fd, 0, 0, 8192) == 0 && truncate_size("file") == 8192);
	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 8192) == 0 && truncate_size("file") == 8192);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0);
	CHECK_ERR(EINVAL, fallocate(fd, 0, 0, 0));
	CHECK_ERR(EINVAL, fallocate(fd, 0, -1, 10));
	CHECK_ERR(EOPNOTSUPP, fallocate(fd, 0x4000, 0, 10));
	CHECK_ERR(EBADF, fallocate(readable, 0, 0, 10));
	CHECK_ERR(EBADF, fallocate(99, 0, 0, 10));
	CHECK(fallocate(fd, 0, 4300000000LL, 10) == 0 && truncate_size("file") == 4300000010LL);
	CHECK(ftruncate(fd, 0) == 0);
}

int main(void)
{
	CHECK(symlink("file", "link") == 0);
	truncate_check_names();
	truncate_check_descriptors();
	truncate_check_allocate();
	return 0;
}
