/*
 * Programs as bytes: every form next to what this kernel says when it is asked to
 * execute the same file, then files that are cut off, random, or change while they are read.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/call.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/program.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

TestSuite(program, .timeout = 180);

#define NOWHERE "/nonexistent/interpreter"

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("program", 0);

	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, 0755) == 0);
	return fd;
}

static int read_bytes(const void *bytes, size_t size, struct program *program)
{
	int AUTO_CLOSE fd = file_of(bytes, size);

	memset(program, 0xff, sizeof(*program));
	return program_read(fd, program);
}

/* What the kernel says to the same file: the errno, 0 when it ran or died of it. */
static int kernel_error(const void *bytes, size_t size)
{
	int AUTO_CLOSE fd = file_of(bytes, size);
	char *arguments[] = { NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", arguments, arguments, AT_EMPTY_PATH);
		_exit(errno);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

struct script_row {
	const char *text;
	size_t size;
	int error;
	const char *interpreter;
};

#define ROW(text, error, interpreter) \
	{ \
		text, sizeof(text) - 1, error, interpreter \
	}

static const struct script_row script_rows[] = {
	ROW("#!" NOWHERE "\n", 0, NOWHERE),
	ROW("#!" NOWHERE, 0, NOWHERE),
	ROW("#! \t " NOWHERE " \t\n", 0, NOWHERE),
	ROW("#!" NOWHERE " -a b\nrest", 0, NOWHERE),
	ROW("#!" NOWHERE "\tx", 0, NOWHERE),
	ROW("#!" NOWHERE "\0x\n", 0, NOWHERE),
	ROW("#!" NOWHERE "\r\n", 0, NOWHERE "\r"),
	ROW("#!nonexistent", 0, "nonexistent"),
	ROW("#!", -EACCES, ""),
	ROW("#! ", -EACCES, ""),
	ROW("#!\0\n", -EACCES, ""),
	ROW("#!\n", -ENOEXEC, ""),
	ROW("#! \t\n" NOWHERE "\n", -ENOEXEC, ""),
};

static void check_script(const char *text, size_t size, int error, const char *interpreter)
{
	struct program program;
	int result = read_bytes(text, size, &program);

	cr_assert_eq(result, error, "%.40s: %d", text, result);
	cr_assert_eq(kernel_error(text, size), error ? -error : ENOENT, "%.40s", text);
	cr_assert_str_eq(program.interpreter, interpreter);
	cr_assert(error == -ENOEXEC || program.kind == PROGRAM_SCRIPT);
}

Test(program, script_names_its_interpreter_as_the_kernel_reads_it)
{
	for (size_t i = 0; i < sizeof(script_rows) / sizeof(script_rows[0]); i++)
		check_script(
			script_rows[i].text, script_rows[i].size, script_rows[i].error, script_rows[i].interpreter);
}

/* A name of every length around the 256 bytes that the kernel looks at, with every kind of end. */
Test(program, script_line_is_cut_off_after_256_bytes_but_no_name_is)
{
	static const char ends[] = { '\n', ' ', '\t', '\0', 'x' };
	char text[600];
	char name[600];

	for (size_t length = 240; length < 262; length++) {
		for (size_t i = 0; i < sizeof(ends); i++) {
			const bool fits = ends[i] != 'x' && length < 256;

			memset(text, 'n', sizeof(text));
			memcpy(text, "#!/", 3);
			text[length] = ends[i];
			memcpy(name, text + 2, length - 2);
			name[length - 2] = '\0';
			check_script(text, sizeof(text), fits ? 0 : -ENOEXEC, fits ? name : "");
		}
	}
}

Test(program, script_of_blanks_only_cannot_be_run)
{
	char text[600];

	memset(text, ' ', sizeof(text));
	memcpy(text, "#!", 2);
	check_script(text, sizeof(text), -ENOEXEC, "");
	check_script(text, 256, -ENOEXEC, "");
	check_script(text, 255, -ENOEXEC, "");
	check_script(text, 254, -EACCES, "");
	text[300] = '\n';
	check_script(text, sizeof(text), -ENOEXEC, "");
}

Test(program, anything_else_is_other)
{
	static const char *const texts[] = { "", "#", "# !/bin/sh\n", "echo\n", "\177ELG", "\177ELF", "PK\3\4" };
	struct program program;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_assert_eq(read_bytes(texts[i], strlen(texts[i]), &program), 0);
		cr_assert_eq(program.kind, PROGRAM_OTHER);
		cr_assert_str_eq(program.interpreter, "");
		cr_assert_eq(kernel_error(texts[i], strlen(texts[i])), ENOEXEC);
	}
}

/* A small program of 64 bits: interpreter, stack, name. */
struct wide_file {
	Elf64_Ehdr header;
	Elf64_Phdr entries[3];
	char name[64];
};

static struct wide_file wide_file(void)
{
	struct wide_file file = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = offsetof(struct wide_file, entries),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 3,
		},
		.entries = {
			{ .p_type = PT_INTERP,
				.p_offset = offsetof(struct wide_file, name),
				.p_filesz = sizeof(NOWHERE) },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
			{ .p_type = PT_NOTE },
		},
		.name = NOWHERE,
	};

	return file;
}

struct narrow_file {
	Elf32_Ehdr header;
	Elf32_Phdr entries[2];
	char name[64];
};

static struct narrow_file narrow_file(void)
{
	struct narrow_file file = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_phoff = offsetof(struct narrow_file, entries),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 2,
		},
		.entries = {
			{ .p_type = PT_INTERP,
				.p_offset = offsetof(struct narrow_file, name),
				.p_filesz = sizeof(NOWHERE) },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X },
		},
		.name = NOWHERE,
	};

	return file;
}

#if defined(__x86_64__)

/* Both agree on the error; where there is none, the interpreter is one that does not exist. */
static void check_wide(const struct wide_file *file, int error, struct program *program)
{
	int result = read_bytes(file, sizeof(*file), program);

	cr_assert_eq(result, error, "%d, not %d", result, error);
	cr_assert_eq(kernel_error(file, sizeof(*file)), error ? -error : ENOENT);
}

Test(program, elf_names_its_interpreter_and_its_stack)
{
	struct wide_file file = wide_file();
	struct program program;

	check_wide(&file, 0, &program);
	cr_assert(program.kind == PROGRAM_ELF && !program.word32);
	cr_assert(!program.executable_stack && !program.no_stack_header);
	cr_assert_str_eq(program.interpreter, NOWHERE);
	file.entries[1].p_flags |= PF_X;
	check_wide(&file, 0, &program);
	cr_assert(program.executable_stack);
	file.entries[2].p_type = PT_GNU_STACK; /* the last one counts */
	check_wide(&file, 0, &program);
	cr_assert(!program.executable_stack && !program.no_stack_header);
	file.entries[1].p_type = file.entries[2].p_type = PT_NULL;
	check_wide(&file, 0, &program);
	cr_assert(!program.executable_stack && program.no_stack_header && !program.reads_execute);
}

Test(program, elf_of_32_bits_is_read_in_its_own_layout)
{
	struct narrow_file file = narrow_file();
	struct program program;

	for (int machine = EM_386; machine <= 6; machine += 3) {
		file.header.e_machine = (Elf32_Half)machine;
		cr_assert_eq(read_bytes(&file, sizeof(file), &program), 0);
		cr_assert(program.kind == PROGRAM_ELF && program.word32);
		cr_assert(program.executable_stack && !program.no_stack_header);
		cr_assert_str_eq(program.interpreter, NOWHERE);
	}
	file.entries[1].p_type = PT_NULL;
	cr_assert_eq(read_bytes(&file, sizeof(file), &program), 0);
	cr_assert(program.no_stack_header && program.reads_execute);
}

/* x32: the machine of 64-bit programs, in the layout that its loader does not take. */
Test(program, elf_of_32_bits_may_have_the_machine_of_64)
{
	struct narrow_file file = narrow_file();
	struct program program;

	file.header.e_machine = EM_X86_64;
	cr_assert_eq(read_bytes(&file, sizeof(file), &program), 0);
	cr_assert(program.kind == PROGRAM_ELF && program.word32);
	cr_assert_str_eq(program.interpreter, NOWHERE);
	file.header.e_phentsize = 1;
	cr_assert_eq(read_bytes(&file, sizeof(file), &program), -ENOEXEC);
}

/* The kernel does not look at them, so they cannot be used to show us another program. */
Test(program, elf_class_and_byte_order_are_not_believed)
{
	struct wide_file file = wide_file();
	struct program program;

	file.header.e_ident[EI_CLASS] = ELFCLASS32;
	file.header.e_ident[EI_DATA] = ELFDATA2MSB;
	file.header.e_ident[EI_VERSION] = 99;
	check_wide(&file, 0, &program);
	cr_assert(program.kind == PROGRAM_ELF && !program.word32);
	cr_assert_str_eq(program.interpreter, NOWHERE);
}

Test(program, elf_first_interpreter_counts)
{
	struct wide_file file = wide_file();
	struct program program;

	file.entries[2] = file.entries[0];
	file.entries[2].p_filesz = 1;
	check_wide(&file, 0, &program);
	cr_assert_str_eq(program.interpreter, NOWHERE);
}

Test(program, elf_interpreter_must_have_the_form_of_a_name)
{
	struct wide_file file = wide_file();
	struct program program;

	file.entries[0].p_filesz = 1;
	check_wide(&file, -ENOEXEC, &program);
	file.entries[0].p_filesz = PATH_MAX + 1;
	check_wide(&file, -ENOEXEC, &program);
	file.entries[0].p_filesz = UINT64_MAX;
	check_wide(&file, -ENOEXEC, &program);
	file.entries[0].p_filesz = PATH_MAX; /* more than there is */
	check_wide(&file, -EIO, &program);
	file.entries[0].p_filesz = sizeof(NOWHERE) - 1;
	check_wide(&file, -ENOEXEC, &program);
	file.entries[0].p_filesz = sizeof(NOWHERE) + 3; /* more than one NUL */
	check_wide(&file, 0, &program);
	cr_assert_str_eq(program.interpreter, NOWHERE);
	file.name[0] = '\0';
	check_wide(&file, -EACCES, &program);
}

Test(program, elf_offsets_out_of_range_are_errors)
{
	static const uint64_t offsets[] = { 1u << 20, INT64_MAX - 8, (uint64_t)INT64_MAX + 1, UINT64_MAX - 8 };
	struct wide_file file;
	struct program program;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		file = wide_file();
		file.header.e_phoff = offsets[i];
		check_wide(&file, -ENOEXEC, &program);
		file = wide_file();
		file.entries[0].p_offset = offsets[i];
		cr_assert_eq(read_bytes(&file, sizeof(file), &program), -kernel_error(&file, sizeof(file)));
	}
}

Test(program, elf_header_table_has_a_size_and_a_limit)
{
	static const unsigned counts[] = { 0, 1171, 65535 };
	struct wide_file file = wide_file();
	struct program program;
	char *large = calloc(1, sizeof(file) + 65536);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		file.header.e_phnum = (Elf64_Half)counts[i];
		check_wide(&file, -ENOEXEC, &program);
	}
	file.header.e_phnum = 1170;
	memcpy(large, &file, sizeof(file));
	cr_assert_eq(read_bytes(large, sizeof(file) + 65536, &program), 0);
	cr_assert_eq(kernel_error(large, sizeof(file) + 65536), ENOENT);
	free(large);
	file.header.e_phnum = 3;
	file.header.e_phentsize = sizeof(Elf32_Phdr);
	check_wide(&file, -ENOEXEC, &program);
}

Test(program, elf_of_other_machines_and_types_is_other)
{
	struct wide_file file = wide_file();
	struct program program;

	file.header.e_machine = EM_AARCH64;
	cr_assert_eq(read_bytes(&file, sizeof(file), &program), 0);
	cr_assert_eq(program.kind, PROGRAM_OTHER);
	file = wide_file();
	file.header.e_type = ET_REL;
	cr_assert_eq(read_bytes(&file, sizeof(file), &program), 0);
	cr_assert_eq(program.kind, PROGRAM_OTHER);
	cr_assert_eq(kernel_error(&file, sizeof(file)), ENOEXEC);
}

Test(program, elf_cut_off_at_any_byte_never_names_another_interpreter)
{
	const struct wide_file wide = wide_file();
	const struct narrow_file narrow = narrow_file();
	struct program program;

	for (size_t size = 0; size <= sizeof(wide); size++)
		if (read_bytes(&wide, size, &program) == 0 && program.kind == PROGRAM_ELF)
			cr_assert_str_eq(program.interpreter, NOWHERE);
	for (size_t size = 0; size <= sizeof(narrow); size++)
		if (read_bytes(&narrow, size, &program) == 0 && program.kind == PROGRAM_ELF)
			cr_assert_str_eq(program.interpreter, NOWHERE);
}

#endif

/* mips: a file that could be read in both widths is what its class says, to us as to the kernel. */
Test(program, elf_class_counts_where_the_kernel_looks_at_it)
{
	int AUTO_CLOSE fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char start[4096];
	struct program program;

	if (!abi_native()->class_counts)
		cr_skip_test("this machine's kernel does not look at the class of a program");
	cr_assert_eq(read(fd, start, sizeof(start)), (ssize_t)sizeof(start));
	start[EI_CLASS] = ELFCLASS32 + ELFCLASS64 - start[EI_CLASS];
	cr_expect_eq(read_bytes(start, sizeof(start), &program), -ENOEXEC);
	cr_expect_eq(kernel_error(start, sizeof(start)), ENOEXEC);
}

Test(program, this_program_is_an_elf_program)
{
	int AUTO_CLOSE fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct program program;

	cr_assert_eq(program_read(fd, &program), 0);
	cr_assert(program.kind == PROGRAM_ELF && !program.word32 && !program.no_stack_header);
	if (!program.interpreter[0])
		cr_skip_test("this program is static: it has no interpreter");
	cr_assert_eq(access(program.interpreter, X_OK), 0);
}

Test(program, what_cannot_be_read_is_an_error)
{
	struct program program;
	int AUTO_CLOSE directory = open("/", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(program_read(directory, &program), -EISDIR);
	cr_assert_eq(program_read(-1, &program), -EBADF);
}

static bool program_is_sound(int error, const struct program *program)
{
	return error <= 0 && program->kind <= PROGRAM_ELF &&
	       memchr(program->interpreter, '\0', sizeof(program->interpreter)) != NULL;
}

/* Random bytes over a well-formed start: what is read stays within its limits (with the sanitizers, too). */
Test(program, random_bytes_are_survived)
{
	struct wide_file wide;
	struct narrow_file narrow;
	struct program program;
	int AUTO_CLOSE fd = memfd_create("random", MFD_CLOEXEC);
	int AUTO_CLOSE other = memfd_create("random", MFD_CLOEXEC);

	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		wide = wide_file();
		narrow = narrow_file();
		for (long count = random() % 8; count > 0; count--) {
			((unsigned char *)&wide)[20 + (size_t)random() % (sizeof(wide) - 20)] = (unsigned char)random();
			((unsigned char *)&narrow)[20 + (size_t)random() % (sizeof(narrow) - 20)] =
				(unsigned char)random();
		}
		cr_assert(pwrite(fd, &wide, sizeof(wide), 0) > 0 && pwrite(other, &narrow, sizeof(narrow), 0) > 0);
		cr_assert(program_is_sound(program_read(fd, &program), &program));
		cr_assert(program_is_sound(program_read(other, &program), &program));
	}
}

/* A second process writes the file while it is read. */
static void change_for_ever(struct wide_file *shared)
{
	unsigned i = 0;

	for (;;) {
		i++;
		shared->entries[0].p_filesz = i % 3 ? sizeof(NOWHERE) : PATH_MAX + i % 7;
		memset(shared->name, i % 2 ? 'x' : 0, sizeof(shared->name));
		shared->header.e_phnum = (Elf64_Half)(i % 2000);
	}
}

Test(program, file_that_changes_meanwhile_is_survived)
{
	struct wide_file file = wide_file();
	struct program program;
	int AUTO_CLOSE fd = file_of(&file, sizeof(file));
	struct wide_file *shared = mmap(NULL, sizeof(file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = fork();

	cr_assert(shared != MAP_FAILED && pid >= 0);
	if (pid == 0)
		change_for_ever(shared);
	for (unsigned i = 0; i < 20000; i++)
		cr_assert(program_is_sound(program_read(fd, &program), &program));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(shared, sizeof(file));
}

static struct supervisor supervisor = { .proc_fd = -1, .self_fd_dir = -1 };
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };

static void call_setup(void)
{
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.identity = identity_new();
	supervisor.pid = getpid();
	call.tid = getpid();
}

static void call_end(void)
{
	identity_free(supervisor.identity);
}

Test(program, held_object_is_opened_for_reading, .init = call_setup, .fini = call_end)
{
	int AUTO_CLOSE object = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int AUTO_CLOSE fd = program_open(&call, object);
	struct program program;

	cr_assert_eq(program_read(fd, &program), 0);
	cr_assert_eq(program.kind, PROGRAM_ELF);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(program_open(&call, -1), -ENOENT);
}

/* Opening it would wait until its holder gives the lease up. */
Test(program, file_with_a_lease_is_busy, .init = call_setup, .fini = call_end)
{
	char name[] = "/tmp/program-XXXXXX";
	int AUTO_CLOSE held = mkostemp(name, O_CLOEXEC);
	int AUTO_CLOSE object = open(name, O_PATH | O_CLOEXEC);
	int AUTO_CLOSE fd = -1;

	signal(SIGIO, SIG_IGN);
	unlink(name);
	cr_assert_eq(fcntl(held, F_SETLEASE, F_WRLCK), 0);
	cr_assert_eq(program_open(&call, object), -ETXTBSY);
	cr_assert_eq(fcntl(held, F_SETLEASE, F_UNLCK), 0);
	fd = program_open(&call, object);
	cr_assert_geq(fd, 0);
}

Test(program, personality_of_the_caller_is_read, .init = call_setup, .fini = call_end)
{
	int old = personality(0xffffffff);

	cr_assert_eq(program_implies_exec(&call), 0);
	cr_assert_geq(personality((unsigned)old | READ_IMPLIES_EXEC), 0);
	cr_assert_eq(program_implies_exec(&call), 1);
	cr_assert_geq(personality((unsigned)old | ADDR_NO_RANDOMIZE), 0);
	cr_assert_eq(program_implies_exec(&call), 0);
	call.tid = fork();
	if (call.tid == 0)
		_exit(0);
	waitpid(call.tid, NULL, 0);
	cr_assert_eq(program_implies_exec(&call), -ESRCH);
}
