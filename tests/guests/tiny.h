/*
 * Makes programs of some hundred bytes, cheap enough to be run twenty thousand times: a good one exits
 * with 7, an evil one writes "E" to descriptor 9 and exits with 66. With an interpreter it is that
 * which runs; either may be one. Also pages with a function that returns 7 or 66. The code is in tiny_code.h.
 */
#ifndef KENNEL_TESTS_GUESTS_TINY_H
#define KENNEL_TESTS_GUESTS_TINY_H

#include "guest.h"
#include "tiny_code.h"

#include <link.h>

enum { TINY_GOOD = 7, TINY_EVIL = 66, TINY_MARK = 9, TINY_PAGE = GUEST_PAGE };

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
	header->e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2MSB : ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = TINY_MACHINE;
	header->e_version = EV_CURRENT;
	header->e_flags = TINY_FLAGS;
	header->e_entry = offsetof(struct tiny, code);
	header->e_phoff = offsetof(struct tiny, load);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(ElfW(Phdr));
	header->e_phnum = dynamic ? 3 : 2;
}

/* interpreter: NULL for a static program. What may be one is writable: before 6.10 its last page is cleared. */
static inline void tiny_program(const char *path, bool evil, const char *interpreter)
{
	struct tiny tiny = { .load = { .p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_align = TINY_PAGE },
		.stack = { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		.interp = { .p_type = PT_INTERP, .p_offset = offsetof(struct tiny, interpreter) } };
	const char *code = evil ? tiny_evil : tiny_good;

	tiny_header(&tiny.header, interpreter);
	tiny.load.p_filesz = tiny.load.p_memsz = sizeof(tiny);
	memcpy(tiny.code, code, (size_t)((evil ? tiny_good : tiny_7) - code));
	if (interpreter) {
		memcpy(tiny.interpreter, interpreter, strnlen(interpreter, sizeof(tiny.interpreter) - 1));
		tiny.interp.p_filesz = tiny.interp.p_memsz = strlen(tiny.interpreter) + 1;
	}
	tiny_write(path, &tiny, sizeof(tiny));
}

/* The code of a function: int f(void). */
static inline size_t tiny_returns(bool evil, const char **code_out)
{
	*code_out = evil ? tiny_66 : tiny_7;
	return (size_t)(evil ? tiny_end - tiny_66 : tiny_66 - tiny_7);
}

/* A page that begins with one. */
static inline void tiny_function(const char *path, bool evil)
{
	char page[4096] = "";
	const char *code;
	size_t size = tiny_returns(evil, &code);

	memcpy(page, code, size);
	tiny_write(path, page, sizeof(page));
}

#endif
