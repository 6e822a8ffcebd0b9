/*
 * Tries to execute a program that has nothing but an interpreter which cannot be there. A kernel that knows programs
 * of the ABI looks for it; another one says ENOEXEC. No instruction of the ABI is needed, nor run.
 */
#include "core/abi_probe.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/cleanup.h"

#define EXIT_RUNS_NOT 3

/* The ABIs beside a kernel's own are those of 32-bit programs. */
struct abi_program {
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	char interpreter[16];
};

static void abi_probe_fill(const struct abi *abi, struct abi_program *program)
{
	*program = (struct abi_program){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
				abi->big_endian ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = (Elf32_Half)abi->audit_arch, /* the lower half of the audit value */
			.e_version = EV_CURRENT,
			.e_phoff = sizeof(program->header),
			.e_flags = abi->elf_flags,
			.e_ehsize = sizeof(program->header),
			.e_phentsize = sizeof(program->segment),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_INTERP,
			.p_offset = offsetof(struct abi_program, interpreter),
			.p_filesz = sizeof(program->interpreter),
		},
		.interpreter = "/dev/null/none",
	};
}

static _Noreturn void abi_probe_execute(int fd)
{
	char *const none[] = { NULL };

	/* Somebody may have registered an emulator, which would have something to say. */
	close(STDERR_FILENO);
	syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
	_exit(errno == ENOEXEC ? EXIT_RUNS_NOT : 0);
}

bool abi_probe_runs(const struct abi *abi)
{
	AUTO_CLOSE int fd = memfd_create("probe", MFD_CLOEXEC);
	struct abi_program program;
	int status;
	pid_t child;

	abi_probe_fill(abi, &program);
	if (fd < 0 || write(fd, &program, sizeof(program)) != (ssize_t)sizeof(program))
		return true;
	child = fork();
	if (child == 0)
		abi_probe_execute(fd);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return true;
	return child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_RUNS_NOT;
}
