/*
 * Makes programs of some hundred bytes, cheap enough to be run twenty thousand times: a good one exits
 * with 7, an evil one writes "E" to descriptor 9 and exits with 66. With an interpreter it is that
 * which runs; either may be one. Also pages with a function that returns 7 or 66. x86_64 and i386.
 */
#ifndef KENNEL_TESTS_GUESTS_TINY_H
#define KENNEL_TESTS_GUESTS_TINY_H

#include "guest.h"

#include <elf.h>
#include <link.h>

enum { TINY_GOOD = 7, TINY_EVIL = 66, TINY_MARK = 9, TINY_PAGE = 4096 };

/* write(9, "E", 1) with the letter on the stack, exit(66); exit(7). */
#if defined(__x86_64__)
#define TINY_MACHINE EM_X86_64
__asm__(".pushsection .rodata\n"
	"tiny_evil: push $0x45; mov %rsp, %rsi; mov $9, %edi; mov $1, %edx; mov $1, %eax; syscall\n"
	"	mov $66, %edi; mov $60, %eax; syscall\n"
	"tiny_good: mov $7, %edi; mov $60, %eax; syscall\n"
	"tiny_end: .popsection\n");
#elif defined(__i386__)
#define TINY_MACHINE EM_386
__asm__(".pushsection .rodata\n"
	"tiny_evil: push $0x45; mov %esp, %ecx; mov $9, %ebx; mov $1, %edx; mov $4, %eax; int $0x80\n"
	"	mov $66, %ebx; mov $1, %eax; int $0x80\n"
	"tiny_good: mov $7, %ebx; mov $1, %eax; int $0x80\n"
	"tiny_end: .popsection\n");
#else
#define TINY_MACHINE EM_NONE
__asm__(".pushsection .rodata\ntiny_evil: .byte 0\ntiny_good: .byte 0\ntiny_end: .popsection\n");
#endif
extern const char tiny_evil[], tiny_good[], tiny_end[];

struct tiny {
	ElfW(Ehdr) header;
	ElfW(Phdr) load, stack, interp;
	char interpreter[256];
	char code[128];
};

static inline void tiny_write(const char *path, const void *content, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, content, size) != (ssize_t)size || close(fd))
		guest_fail(__FILE__, __LINE__, path, errno);
}

static inline void tiny_header(ElfW(Ehdr) * header, bool dynamic)
{
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = TINY_MACHINE;
	header->e_version = EV_CURRENT;
	header->e_entry = offsetof(struct tiny, code);
	header->e_phoff = offsetof(struct tiny, load);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(ElfW(Phdr));
	header->e_phnum = dynamic ? 3 : 2;
}

/* interpreter: NULL for a static program. */
static inline void tiny_program(const char *path, bool evil, const char *interpreter)
{
	struct tiny tiny = { .load = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = TINY_PAGE },
		.stack = { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		.interp = { .p_type = PT_INTERP, .p_offset = offsetof(struct tiny, interpreter) } };
	const char *code = evil ? tiny_evil : tiny_good;

	if (TINY_MACHINE == EM_NONE)
		guest_skip("no tiny programs for this machine");
	tiny_header(&tiny.header, interpreter);
	tiny.load.p_filesz = tiny.load.p_memsz = sizeof(tiny);
	memcpy(tiny.code, code, (size_t)((evil ? tiny_good : tiny_end) - code));
	if (interpreter) {
		memcpy(tiny.interpreter, interpreter, strnlen(interpreter, sizeof(tiny.interpreter) - 1));
		tiny.interp.p_filesz = tiny.interp.p_memsz = strlen(tiny.interpreter) + 1;
	}
	tiny_write(path, &tiny, sizeof(tiny));
}

/* A page with one function: int f(void). mov $N, %eax; ret. */
static inline void tiny_function(const char *path, bool evil)
{
	char page[TINY_PAGE] = { '\xb8', evil ? TINY_EVIL : TINY_GOOD, 0, 0, 0, '\xc3' };

	if (TINY_MACHINE == EM_NONE)
		guest_skip("no tiny functions for this machine");
	tiny_write(path, page, sizeof(page));
}

#endif
