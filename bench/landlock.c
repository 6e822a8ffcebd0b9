/*
 * The cheapest sandbox there is, for comparison only: lets a command read below the given hierarchies
 * and nowhere else, by a Landlock domain of the kernel's, and gets out of the way. Nothing else is refused.
 * Its own part is two system calls and two for each hierarchy.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Declared here: the headers of the oldest distribution know less than its kernel. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIR (UINT64_C(1) << 3)
#define REFER (UINT64_C(1) << 13)
#define RULE_BENEATH 1

struct beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* What is not there cannot be read. */
static int landlock_allow(int ruleset, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct beneath rule = { .allowed = rights, .parent_fd = fd };
	int result;

	if (fd < 0)
		return 0;
	result = (int)syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0);
	close(fd);
	return result;
}

/* A file has no entries to be read. */
static int landlock_allow_reading(int ruleset, const char *path)
{
	return landlock_allow(ruleset, path, READ_FILE | READ_DIR) == 0 ? 0 : landlock_allow(ruleset, path, READ_FILE);
}

static int landlock_confine(char **paths)
{
	uint64_t handled = READ_FILE | READ_DIR | REFER;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);

	if (ruleset < 0 || landlock_allow(ruleset, "/", REFER) < 0)
		return -1;
	for (; *paths; paths++)
		if (landlock_allow_reading(ruleset, *paths) < 0)
			return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return -1;
	return close(ruleset);
}

int main(int argc, char **argv)
{
	char **command = argv + 1;

	while (*command && strcmp(*command, "--") != 0)
		command++;
	if (argc < 2 || !*command || !command[1]) {
		fprintf(stderr, "usage: landlock PATH ... -- COMMAND [ARGUMENT ...]\n");
		return 125;
	}
	*command++ = NULL;
	if (landlock_confine(argv + 1) < 0) {
		perror("landlock");
		return 125;
	}
	execvp(command[0], command);
	perror(command[0]);
	return 127;
}
