/*
 * Reads the first bytes of a program as the kernel's loaders do (fs/binfmt_script.c and
 * fs/binfmt_elf.c since 5.9). The file may change under us, and says what it likes: every number is
 * checked, nothing is read twice. Must not open or resolve anything.
 */
#include "core/program.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/util.h"

enum {
	PROGRAM_START_SIZE = 256, /* the kernel's BINPRM_BUF_SIZE; what the file does not fill is zero */
	PROGRAM_TABLE_MAX = 65536,
	PROGRAM_BATCH = 32, /* program headers that are read at once */
	PROGRAM_EM_486 = 6, /* taken for EM_386 */
};

/* Where the program headers are. */
struct program_table {
	uint64_t offset;
	unsigned count;
	size_t entry_size;
	bool word32;
};

struct program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t size;
};

union program_batch {
	Elf32_Phdr narrow[PROGRAM_BATCH];
	Elf64_Phdr wide[PROGRAM_BATCH];
};

/* Up to len bytes, fewer only where the file ends; the number or -errno. */
static ssize_t program_pread(int fd, void *buffer, size_t len, uint64_t offset)
{
	size_t got = 0;

	while (got < len) {
		const ssize_t part = pread(fd, (char *)buffer + got, len - got, (off_t)(offset + got));

		if (part < 0 && errno != EINTR)
			return -errno;
		if (part == 0)
			break;
		got += part > 0 ? (size_t)part : 0;
	}
	return (ssize_t)got;
}

static bool program_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *program_skip_blanks(const char *at, const char *end)
{
	while (at < end && program_is_blank(*at))
		at++;
	return at;
}

/* The first blank or NUL, or end. */
static const char *program_skip_name(const char *at, const char *end)
{
	while (at < end && *at != '\0' && !program_is_blank(*at))
		at++;
	return at;
}

/* A line that is cut off may lose arguments, but nothing of the interpreter's name. */
static const char *program_line_end(const char *start)
{
	const char *after = start + PROGRAM_START_SIZE;
	const char *end = memchr(start, '\n', PROGRAM_START_SIZE);

	if (end == NULL && program_skip_name(program_skip_blanks(start + 2, after), after) < after)
		end = after - 1;
	while (end != NULL && program_is_blank(end[-1]))
		end--;
	return end;
}

static int program_read_script(const char *start, struct program *program)
{
	const char *end = program_line_end(start);
	const char *name = end == NULL ? NULL : program_skip_blanks(start + 2, end);
	size_t length;

	if (name == NULL || name == end)
		return -ENOEXEC;
	length = (size_t)(program_skip_name(name, end) - name);
	program->kind = PROGRAM_SCRIPT;
	memcpy(program->interpreter, name, length);
	program->interpreter[length] = '\0';
	return length == 0 ? -EACCES : 0;
}

/* The machine of a program is the lower half of its ABI's audit value. */
static bool program_is_of(const struct abi *abi, const Elf64_Ehdr *header, bool word32)
{
	unsigned machine = header->e_machine == PROGRAM_EM_486 ? EM_386 : header->e_machine;

	if ((uint16_t)abi->audit_arch != machine || (abi->long_bytes == 4) != word32)
		return false;
	return !abi->class_counts || header->e_ident[EI_CLASS] == (word32 ? ELFCLASS32 : ELFCLASS64);
}

/* Does this host run such programs, with headers of that width? Most kernels do not look at e_ident. */
static bool program_machine_runs(const Elf64_Ehdr *header, bool word32)
{
	for (unsigned i = 0; i < abi_list_count; i++)
		if (program_is_of(abi_list[i], header, word32))
			return true;
	return false;
}

/* Fills table when the file is a program of this width: 0, else -ENOEXEC. */
static int program_locate(const char *start, bool word32, struct program_table *table)
{
	Elf32_Ehdr narrow;
	Elf64_Ehdr wide;
	size_t entry_size;

	memcpy(&narrow, start, sizeof(narrow));
	memcpy(&wide, start, sizeof(wide));
	*table = (struct program_table){ .word32 = word32 };
	table->offset = word32 ? narrow.e_phoff : wide.e_phoff;
	table->count = word32 ? narrow.e_phnum : wide.e_phnum;
	table->entry_size = word32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	entry_size = word32 ? narrow.e_phentsize : wide.e_phentsize;
	if (entry_size != table->entry_size || table->count == 0 ||
		table->count * table->entry_size > PROGRAM_TABLE_MAX)
		return -ENOEXEC;
	return 0;
}

static struct program_header program_header_at(const union program_batch *batch, bool word32, unsigned index)
{
	const Elf32_Phdr *narrow = &batch->narrow[index];
	const Elf64_Phdr *wide = &batch->wide[index];

	if (word32)
		return (struct program_header){ narrow->p_type, narrow->p_flags, narrow->p_offset, narrow->p_filesz };
	return (struct program_header){ wide->p_type, wide->p_flags, wide->p_offset, wide->p_filesz };
}

/* The kernel takes the first PT_INTERP and the last PT_GNU_STACK. */
static void program_note_header(
	struct program *program, const struct program_header *header, struct program_header *interpreter)
{
	if (header->type == PT_INTERP && interpreter->type != PT_INTERP)
		*interpreter = *header;
	if (header->type == PT_LOAD && (header->flags & PF_W) && (header->flags & PF_X))
		program->writable_code = true;
	if (header->type != PT_GNU_STACK)
		return;
	program->no_stack_header = false;
	program->executable_stack = (header->flags & PF_X) != 0;
}

static int program_read_table(
	int fd, const struct program_table *table, struct program *program, struct program_header *interpreter)
{
	union program_batch batch;

	for (unsigned done = 0; done < table->count; done += PROGRAM_BATCH) {
		const unsigned left = table->count - done;
		const unsigned count = left < PROGRAM_BATCH ? left : PROGRAM_BATCH;
		const size_t size = count * table->entry_size;

		if (program_pread(fd, &batch, size, table->offset + done * table->entry_size) != (ssize_t)size)
			return -ENOEXEC;
		for (unsigned i = 0; i < count; i++) {
			const struct program_header header = program_header_at(&batch, table->word32, i);

			program_note_header(program, &header, interpreter);
		}
	}
	return 0;
}

static int program_read_interpreter(int fd, const struct program_header *header, struct program *program)
{
	ssize_t got;

	if (header->size < 2 || header->size > sizeof(program->interpreter))
		return -ENOEXEC;
	got = program_pread(fd, program->interpreter, header->size, header->offset);
	if (got < 0)
		return (int)got;
	if ((uint64_t)got != header->size)
		return -EIO;
	if (program->interpreter[header->size - 1] != '\0')
		return -ENOEXEC;
	/* The kernel opens the name "", which is the working directory. */
	return program->interpreter[0] == '\0' ? -EACCES : 0;
}

static int program_read_elf(int fd, const char *start, bool word32, struct program *program)
{
	struct program_header interpreter = { .type = PT_NULL };
	struct program_table table;
	int error = program_locate(start, word32, &table);

	program->kind = PROGRAM_ELF;
	program->word32 = word32;
	program->no_stack_header = true;
	program->executable_stack = program->writable_code = false;
	if (error == 0)
		error = program_read_table(fd, &table, program, &interpreter);
	program->reads_execute = program->no_stack_header && (word32 || abi_native()->reads_execute);
	if (error == 0 && interpreter.type == PT_INTERP)
		error = program_read_interpreter(fd, &interpreter, program);
	return error;
}

/* The native loader is asked first, then the one for 32 bits, whose programs may be of the same machine (x32, mips). */
static int program_read_machine(int fd, const char *start, struct program *program)
{
	Elf64_Ehdr header; /* both widths agree up to e_version */
	bool wide, narrow;
	int error = 0;

	memcpy(&header, start, sizeof(header));
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return 0;
	wide = program_machine_runs(&header, false);
	narrow = program_machine_runs(&header, true);
	if (wide)
		error = program_read_elf(fd, start, false, program);
	if (narrow && (!wide || error == -ENOEXEC))
		error = program_read_elf(fd, start, true, program);
	return error;
}

int program_read(int fd, struct program *program_out)
{
	char start[PROGRAM_START_SIZE] = { 0 };
	const ssize_t got = program_pread(fd, start, sizeof(start), 0);
	int error = 0;

	program_out->kind = PROGRAM_OTHER;
	program_out->word32 = false;
	program_out->executable_stack = program_out->writable_code = false;
	program_out->no_stack_header = false;
	program_out->reads_execute = false;
	program_out->interpreter[0] = '\0';
	if (got < 0)
		return (int)got;
	if (memcmp(start, "#!", 2) == 0)
		error = program_read_script(start, program_out);
	else if (memcmp(start, ELFMAG, SELFMAG) == 0)
		error = program_read_machine(fd, start, program_out);
	return error;
}
