/*
 * The differential runner's guest for directories that are read: every call, in the layout of its
 * ABI, with small buffers, seeks to each offset, pages that end, and descriptors that are none.
 * Inode numbers are left out; offsets are those of the filesystem, the same for the same names.
 */
#include "diff.h"

#include <dirent.h>

/* A long of the kernel's, which x32 programs share with those of 64 bits. */
#define WORD (CALL_X32 ? 8 : sizeof(long))

enum { FILES = 60, AREA = GUEST_PAGE };

enum form { FORM_64, FORM_OLD, FORM_ONE, FORMS };

static const char *const form_names[] = { "getdents64", "getdents", "readdir" };
static unsigned char *area; /* a page, and behind it one that cannot be touched */

static long list_call(enum form form, int fd, void *buffer, unsigned size)
{
	if (form == FORM_64)
		return syscall(SYS_getdents64, fd, buffer, size);
	if (form == FORM_OLD)
		return syscall(SYS_getdents, fd, buffer, size);
	return syscall(SYS_readdir, fd, buffer, size);
}

static uint64_t list_word(const unsigned char *at, size_t width)
{
	uint64_t wide;
	uint32_t word;
	uint16_t half;

	if (width == 2)
		return memcpy(&half, at, 2), half;
	if (width == 4)
		return memcpy(&word, at, 4), word;
	return memcpy(&wide, at, 8), wide;
}

/* One record: its offset, length, name and type; returns how long it is. */
static unsigned list_show(enum form form, const unsigned char *at, uint64_t *offset_out)
{
	size_t width = form == FORM_64 ? 8 : WORD;
	const unsigned char *after = at + 2 * width;
	unsigned length = (unsigned)list_word(after, 2);
	const char *name = (const char *)after + 2 + (form == FORM_64);
	unsigned type = form == FORM_64 ? after[2] : form == FORM_OLD ? at[length - 1] : 0;

	*offset_out = list_word(at + width, width);
	/* The entry's own, which for the first of a hashed directory only its filesystem knows (doc/BOUNDARY.md). */
	printf(" [%llx %u %s %u]", form == FORM_ONE ? 0 : (unsigned long long)*offset_out, length, name, type);
	return length;
}

static unsigned list_records(struct diff *diff, enum form form, const unsigned char *at, uint64_t *offsets)
{
	unsigned count = 0;

	for (long done = 0; done < diff->result; count++) {
		done += list_show(form, at + done, &offsets[count]);
		if (form == FORM_ONE)
			break;
	}
	putchar('\n');
	return count;
}

/* The whole directory with this much room; all offsets. */
static unsigned list_whole(struct diff *diff, enum form form, unsigned room, uint64_t *offsets)
{
	int fd = open("list", O_RDONLY | O_DIRECTORY);
	unsigned count = 0;

	do {
		DIFF_BEGIN(diff, list_call(form, fd, area, room), "%s(%u)", form_names[form], room);
		count += list_records(diff, form, area, offsets + count);
	} while (diff->result > 0);
	close(fd);
	return count;
}

static void list_seeks(struct diff *diff, enum form form, const uint64_t *offsets, unsigned count)
{
	int fd = open("list", O_RDONLY | O_DIRECTORY);
	uint64_t found[FILES + 8];

	for (unsigned i = 0; i < count; i += 3) {
		DIFF_BEGIN(diff, lseek(fd, (off_t)offsets[count - 1 - i], SEEK_SET) < 0 ? -1 : 0, "seek %u", i);
		putchar('\n');
		DIFF_BEGIN(diff, list_call(form, fd, area, 100), "%s after seek", form_names[form]);
		list_records(diff, form, area, found);
	}
	DIFF(diff, lseek(fd, 0, SEEK_SET), "rewind");
	DIFF_BEGIN(diff, list_call(form, fd, area, AREA), "%s after rewind", form_names[form]);
	list_records(diff, form, area, found);
	close(fd);
}

/* What can be written before the page ends is the answer, and the rest comes next. */
static void list_faults(struct diff *diff, enum form form)
{
	int fd = open("list", O_RDONLY | O_DIRECTORY);
	uint64_t found[FILES + 8];

	for (unsigned room = 0; room <= 200; room += 8) {
		unsigned char *at = area + AREA - room;

		lseek(fd, 0, SEEK_SET);
		DIFF_BEGIN(diff, list_call(form, fd, at, AREA), "%s with %u before the end", form_names[form], room);
		list_records(diff, form, at, found);
		DIFF_BEGIN(diff, list_call(form, fd, area, 120), "%s behind it", form_names[form]);
		list_records(diff, form, area, found);
	}
	DIFF(diff, list_call(form, fd, NULL, AREA), "%s(NULL)", form_names[form]);
	DIFF(diff, list_call(form, fd, (void *)8, 0), "%s(8, 0)", form_names[form]);
	DIFF(diff, list_call(form, fd, area, 0x80000000u), "%s of a negative size", form_names[form]);
	close(fd);
}

static void list_wrong(struct diff *diff, enum form form)
{
	int file = open("list/.hidden", O_RDONLY), gone, writer = open("list/.hidden", O_WRONLY);
	int ends[2];

	mkdir("gone", 0755);
	gone = open("gone", O_RDONLY | O_DIRECTORY);
	rmdir("gone");
	CHECK(pipe(ends) == 0);
	DIFF(diff, list_call(form, -1, area, AREA), "%s(-1)", form_names[form]);
	DIFF(diff, list_call(form, 999, area, AREA), "%s(999)", form_names[form]);
	DIFF(diff, list_call(form, file, area, AREA), "%s(file)", form_names[form]);
	DIFF(diff, list_call(form, writer, area, AREA), "%s(written file)", form_names[form]);
	DIFF(diff, list_call(form, ends[0], area, AREA), "%s(pipe)", form_names[form]);
	DIFF(diff, list_call(form, gone, area, AREA), "%s(removed)", form_names[form]);
	DIFF(diff, list_call(form, gone, NULL, 0), "%s(removed, NULL)", form_names[form]);
	if (diff->with_path) {
		int path = open("list", O_PATH);

		DIFF(diff, list_call(form, path, area, AREA), "%s(O_PATH)", form_names[form]);
		close(path);
	}
	close(file);
	close(writer);
	close(gone);
	close(ends[0]);
	close(ends[1]);
}

/* Two readers of one description take turns; a new name of the directory changes nothing. */
static void list_shared(struct diff *diff, enum form form)
{
	int fd = open("list", O_RDONLY | O_DIRECTORY), other = dup(fd);
	uint64_t found[FILES + 8];

	for (int turn = 0; turn < 6; turn++) {
		DIFF_BEGIN(
			diff, list_call(form, turn % 2 ? fd : other, area, 90), "%s turn %d", form_names[form], turn);
		list_records(diff, form, area, found);
	}
	CHECK(rename("list", "moved") == 0);
	DIFF_BEGIN(diff, list_call(form, fd, area, 90), "%s of the moved", form_names[form]);
	list_records(diff, form, area, found);
	CHECK(rename("moved", "list") == 0);
	close(fd);
	close(other);
}

static void list_make(void)
{
	char name[300];

	CHECK(mkdir("list", 0755) == 0 && mkdir("list/directory", 0755) == 0);
	CHECK(symlink("x", "list/link") == 0 && mkfifo("list/fifo", 0644) == 0);
	guest_write("list/.hidden", "x");
	for (int i = 0; i < FILES - 6; i++) {
		snprintf(name, sizeof(name), "list/%.*s%d", i * 3,
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", i);
		guest_write(name, "x");
	}
	memset(name, 'n', sizeof(name));
	memcpy(name, "list/", 5);
	name[5 + 255] = '\0';
	guest_write(name, "x");
}

int main(int argc, char **argv)
{
	static const unsigned rooms[] = { 24, 32, 40, 64, 100, 279, 280, 281, 300, 512, 1000, 4096 };
	struct diff diff = diff_start(argc, argv);
	uint64_t offsets[FILES * 16];

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	area = mmap(NULL, 2 * AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED && mprotect(area + AREA, AREA, PROT_NONE) == 0);
	list_make();
	for (enum form form = FORM_64; form < (CALL_HAS(SYS_readdir) ? FORMS : FORM_ONE); form++) {
		unsigned count = 0;

		for (size_t i = 0; i < DIFF_COUNT(rooms); i++)
			count = list_whole(&diff, form, rooms[i], offsets);
		list_seeks(&diff, form, offsets, count);
		list_faults(&diff, form);
		list_wrong(&diff, form);
		list_shared(&diff, form);
	}
	fflush(stdout);
	return 0;
}
