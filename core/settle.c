/*
 * madvise(2) on what can be had again. Never writable pages but those below the stack pointer.
 */
#include "core/settle.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/util.h"

#define SETTLE_STACK (1U << 18) /* more than the start uses; the kernel keeps 128 MB free below a stack */
#define SETTLE_RANGES_MAX 64u
#define SETTLE_FRAMES 4096U /* below this frame: of what is called after, and the red zone */

/* Whole pages in [from, to). What is not mapped there is passed over. */
static HOT void settle_pages(uintptr_t page, uintptr_t from, uintptr_t to)
{
	from = (from + page - 1) / page * page;
	to = to / page * page;
	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Code and constants of all loaded objects: collected first, because what runs afterwards is mapped again. */
struct settle_ranges {
	struct {
		uintptr_t from, to;
	} ranges[SETTLE_RANGES_MAX];
	unsigned count;
};

static int settle_object(struct dl_phdr_info *object, size_t size, void *context)
{
	struct settle_ranges *found = context;

	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum && found->count < SETTLE_RANGES_MAX; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || header->p_flags & PF_W)
			continue;
		/* The first page of constants stays: libev waits with some of them, which are linked first. */
		found->ranges[found->count].from = from + !(header->p_flags & PF_X);
		found->ranges[found->count++].to = from + header->p_memsz;
	}
	return 0;
}

/* The code goes last: what is called afterwards is mapped again, with its neighbours. */
HOT void settle_memory(void)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct settle_ranges found = { .count = 0 };

	malloc_trim(0);
	dl_iterate_phdr(settle_object, &found);
	settle_pages(page, frame - SETTLE_STACK, frame - SETTLE_FRAMES);
	while (found.count > 0) {
		found.count--;
		settle_pages(page, found.ranges[found.count].from, found.ranges[found.count].to);
	}
}
