/*
 * Files without a directory: memfd_create and memfd_secret with every flag, names at the edge, and what the
 * descriptors can do.
 */
#include "diff.h"

#include <sys/mman.h>
#include <sys/resource.h>

static const unsigned memory_flags[] = { 0, MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_CLOEXEC | MFD_ALLOW_SEALING, 8, 0x10,
	8 | 0x10, 8 | MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_HUGETLB | 21U << 26, MFD_HUGETLB | 1U << 26, 21U << 26, 0x20,
	0x80000000U, 0xffffffffU, O_CLOEXEC, O_CLOEXEC | 1, O_RDWR };

/* Everything that a program can learn of it, and a look at what it can do. */
static void memory_show(struct diff *diff, int fd)
{
	char link[64], text[300] = "";
	struct stat status;
	void *map;

	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	DIFF(diff, readlink(link, text, sizeof(text) - 1), "readlink %s", text);
	DIFF(diff, fcntl(fd, F_GETFD), "F_GETFD");
	DIFF(diff, diff_flags(fd), "F_GETFL");
	DIFF(diff, fcntl(fd, F_GET_SEALS), "F_GET_SEALS");
	DIFF_BEGIN(diff, fstat(fd, &status), "fstat");
	diff_show_status(&status);
	putchar('\n');
	DIFF(diff, fchmod(fd, 0700), "fchmod");
	DIFF(diff, fchown(fd, (uid_t)-1, getgid()), "fchown");
	DIFF(diff, futimens(fd, NULL), "futimens");
	DIFF(diff, ftruncate(fd, GUEST_PAGE), "ftruncate");
	DIFF(diff, ftruncate(fd, 100), "ftruncate again");
	DIFF(diff, fallocate(fd, 0, 0, 8192), "fallocate");
	DIFF(diff, write(fd, "text", 4), "write");
	DIFF(diff, pread(fd, text, 4, 0), "read");
	map = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	DIFF(diff, map == MAP_FAILED ? -1 : 0, "mmap");
	DIFF(diff, map == MAP_FAILED ? 0 : munmap(map, GUEST_PAGE), "munmap");
	DIFF(diff, close(open(link, O_RDWR)), "open again");
	DIFF(diff, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), "F_ADD_SEALS");
	DIFF(diff, ftruncate(fd, 0), "ftruncate to nothing");
	close(fd);
}

static int memory_create(struct diff *diff, const char *name, unsigned flags)
{
	int fd = (int)syscall(SYS_memfd_create, name, flags);

	diff->error = errno;
	diff->result = fd < 0 ? -1 : fd;
	diff_show(diff, "memfd_create(%zu bytes, %x)", name ? strlen(name) : 0, flags);
	putchar('\n');
	return fd;
}

static void memory_names(struct diff *diff)
{
	static const size_t lengths[] = { 0, 1, 248, 249, 250, 255, 256, 4095, 4096, 5000 };
	static char name[8192];

	for (size_t i = 0; i < DIFF_COUNT(lengths); i++) {
		memset(name, 'n', lengths[i]);
		name[lengths[i]] = '\0';
		memory_show(diff, memory_create(diff, name, 0));
		memory_create(diff, name, 0x20);
	}
	memory_show(diff, memory_create(diff, "with/slash", 0));
	memory_show(diff, memory_create(diff, "x (deleted)", 0));
	memory_show(diff, memory_create(diff, "../\n\001\377", 0));
	DIFF(diff, syscall(SYS_memfd_create, NULL, 0), "memfd_create(NULL)");
	DIFF(diff, syscall(SYS_memfd_create, NULL, 0x20), "memfd_create(NULL, wrong)");
	DIFF(diff, syscall(SYS_memfd_create, 8, 0), "memfd_create(8)");
}

static void memory_secret(struct diff *diff, unsigned flags)
{
	int fd = (int)syscall(SYS_memfd_secret, flags);

	diff->error = errno;
	diff->result = fd < 0 ? -1 : fd;
	diff_show(diff, "memfd_secret(%x)", flags);
	putchar('\n');
	memory_show(diff, fd);
}

static void memory_full(struct diff *diff)
{
	const struct rlimit limit = { 3, 3 };

	DIFF(diff, setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	DIFF(diff, syscall(SYS_memfd_create, "x", 0), "memfd_create with a full table");
	DIFF(diff, syscall(SYS_memfd_secret, 0), "memfd_secret with a full table");
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	for (size_t i = 0; i < DIFF_COUNT(memory_flags); i++) {
		memory_show(&diff, memory_create(&diff, "memory", memory_flags[i]));
		memory_secret(&diff, memory_flags[i]);
	}
	memory_names(&diff);
	memory_full(&diff);
	return 0;
}
