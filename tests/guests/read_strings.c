/*
 * Paths at the edges of memory: a string that ends with its page, one that runs into
 * nothing, pages without rights, kernel addresses, and results that do not fit.
 */
#include "guest.h"

#include <linux/openat2.h>
#include <sys/statfs.h>

#define BAD ((char *)1)
#define KERNEL ((char *)(uintptr_t)-4096)

/* Two pages of which only the first is mapped: strings that end where memory ends. */
static char *strings_page_end(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *start = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED || munmap(start + page, page))
		guest_fail(__FILE__, __LINE__, "mmap", errno);
	return start + page;
}

static void strings_check_page_end(void)
{
	char *end = strings_page_end();
	char *path = end - sizeof("file");
	struct stat status;
	char *open_end = end - 4;
	int fd;

	memcpy(path, "file", sizeof("file"));
	CHECK((fd = open(path, O_RDONLY)) >= 0 && close(fd) == 0);
	CHECK(stat(path, &status) == 0 && access(path, R_OK) == 0);
	memcpy(open_end, "file", 4);
	CHECK_ERR(EFAULT, open(open_end, O_RDONLY));
	CHECK_ERR(EFAULT, stat(open_end, &status));
	CHECK_ERR(EFAULT, access(open_end, F_OK));
	CHECK_ERR(EFAULT, readlink(open_end, open_end - 100, 10));
	CHECK_ERR(EFAULT, open(end, O_RDONLY));
}

static void strings_check_pointers(void)
{
	char *shut = mmap(NULL, GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *bad[] = { NULL, BAD, KERNEL, shut };
	struct stat status;

	CHECK(shut != MAP_FAILED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_ERR(EFAULT, open(bad[i], O_RDONLY));
		CHECK_ERR(EFAULT, open(bad[i], O_WRONLY | O_CREAT, 0600));
		CHECK_ERR(EFAULT,
			syscall(SYS_openat2, AT_FDCWD, bad[i], &(struct open_how){ 0 }, sizeof(struct open_how)));
		CHECK_ERR(EFAULT, syscall(SYS_openat2, AT_FDCWD, "file", bad[i], sizeof(struct open_how)));
		CHECK_ERR(EFAULT, guest_access(bad[i], F_OK));
		CHECK_ERR(EFAULT, guest_readlink(bad[i], &status, 10));
		CHECK_ERR(EFAULT, guest_readlink("link", bad[i], 10));
		CHECK_ERR(EFAULT, syscall(SYS_statfs, bad[i], &status));
		CHECK_ERR(EFAULT, syscall(SYS_truncate, bad[i], 0L, 0L));
		CHECK_ERR(EFAULT, syscall(SYS_memfd_create, bad[i], 0));
		CHECK_ERR(EFAULT, guest_mknod(bad[i], S_IFREG | 0600, 0));
		CHECK_CALL(EFAULT, SYS_rename, "file", bad[i]);
		CHECK_CALL(EFAULT, SYS_link, bad[i], "other");
	}
	CHECK(access("file", F_OK) == 0);
}

static void strings_check_results(void)
{
	char *end = strings_page_end();
	char *fixed = mmap(NULL, GUEST_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *straddle = end - 16;

	CHECK(fixed != MAP_FAILED);
	CHECK_ERR(EFAULT, syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, fixed));
	CHECK_ERR(EFAULT, syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, straddle));
	CHECK_ERR(EFAULT, syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, NULL));
	CHECK_ERR(EFAULT, syscall(SYS_statfs, ".", fixed));
	CHECK_ERR(EFAULT, syscall(SYS_statfs, ".", straddle));
	CHECK_ERR(EFAULT, guest_readlink("link", fixed, 4));
	CHECK_ERR(ENOENT, syscall(SYS_statx, AT_FDCWD, "missing", 0, STATX_BASIC_STATS, fixed));
	CHECK_CALL(EFAULT, CALL_STAT, "file", fixed);
	CHECK_CALL(EFAULT, CALL_LSTAT, "file", straddle);
	CHECK_ERR(EFAULT, syscall(CALL_FSTAT, 0, NULL));
}

static void strings_check_how(void)
{
	char *end = strings_page_end();
	struct open_how *how = (struct open_how *)(end - sizeof(*how));
	unsigned char large[256] = { 0 };
	long fd;

	memset(how, 0, sizeof(*how));
	CHECK((fd = syscall(SYS_openat2, AT_FDCWD, "file", how, sizeof(*how))) >= 0 && close((int)fd) == 0);
	CHECK_ERR(EFAULT, syscall(SYS_openat2, AT_FDCWD, "file", how, sizeof(*how) + 8));
	CHECK_ERR(EINVAL, syscall(SYS_openat2, AT_FDCWD, "file", how, 0));
	CHECK_ERR(EINVAL, syscall(SYS_openat2, AT_FDCWD, "file", how, 23));
	CHECK((fd = syscall(SYS_openat2, AT_FDCWD, "file", large, sizeof(large))) >= 0 && close((int)fd) == 0);
	large[200] = 1;
	CHECK_ERR(E2BIG, syscall(SYS_openat2, AT_FDCWD, "file", large, sizeof(large)));
	CHECK_ERR(E2BIG, syscall(SYS_openat2, AT_FDCWD, "file", large, 8192));
}

static void strings_check_length(void)
{
	static char path[8192];
	char name[300];
	struct stat status;

	memset(path, '/', sizeof(path));
	strcpy(path + 4095 - 4, "file");
	memcpy(path, "./", 2);
	CHECK(strlen(path) == 4095 && stat(path, &status) == 0);
	strcpy(path + 4096 - 4, "file");
	path[4095 - 4] = '/';
	CHECK(strlen(path) == 4096);
	CHECK_ERR(ENAMETOOLONG, stat(path, &status));
	CHECK_ERR(ENAMETOOLONG, open(path, O_RDONLY));
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	CHECK_ERR(ENOENT, open(name, O_RDONLY));
	name[255] = 'n';
	name[256] = '\0';
	CHECK_ERR(ENAMETOOLONG, open(name, O_RDONLY));
	CHECK_ERR(ENAMETOOLONG, open(name, O_RDWR | O_CREAT, 0600));
	CHECK_ERR(ENOENT, open("", O_RDONLY));
	CHECK_ERR(ENOENT, stat("", &status));
}

int main(void)
{
	guest_write("file", "text");
	CHECK(symlink("file", "link") == 0);
	strings_check_page_end();
	strings_check_pointers();
	strings_check_results();
	strings_check_how();
	strings_check_length();
	return 0;
}
