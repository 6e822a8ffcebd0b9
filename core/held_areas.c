/*
 * Two roads to the same facts. The question costs a microsecond whatever the number of areas
 * is; a text of thousands of lines costs milliseconds, and there is no seeking in it.
 */
#include "core/held_areas.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/util.h"

/* The kernel's struct procmap_query, which headers before 6.11 lack. */
struct held_areas_query {
	uint64_t size;
	uint64_t flags;
	uint64_t address;
	uint64_t start;
	uint64_t end;
	uint64_t area_flags;
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t major;
	uint32_t minor;
	uint32_t name_size;
	uint32_t build_id_size;
	uint64_t name_address;
	uint64_t build_id_address;
};

#define HELD_AREAS_QUERY _IOWR('f', 17, struct held_areas_query)
static_assert(sizeof(struct held_areas_query) == 104, "struct procmap_query");

enum {
	QUERY_READABLE = 0x01,
	QUERY_WRITABLE = 0x02,
	QUERY_EXECUTABLE = 0x04,
	QUERY_SHARED = 0x08,
	QUERY_COVERING_OR_NEXT = 0x10,
	/* Longer lines are cut: only their names can be so long. */
	HELD_TEXT_SIZE = 2 * PATH_MAX,
};

struct held_text {
	int fd;
	size_t begin; /* of the line that comes next */
	size_t length;
	bool cutting; /* the rest of a long line comes first */
	char bytes[HELD_TEXT_SIZE];
};

/* The area at the address, or the next one above it; -ENOENT: none, -ENOTTY: the kernel cannot tell. */
static int held_areas_ask(int maps, uint64_t address, bool executable, struct held_area *area_out, char name[PATH_MAX])
{
	struct held_areas_query query = {
		.size = sizeof(query),
		.flags = QUERY_COVERING_OR_NEXT | (executable ? QUERY_EXECUTABLE : 0),
		.address = address,
		.name_size = PATH_MAX,
		.name_address = (uintptr_t)name,
	};
	int error;

	name[0] = '\0';
	error = errno_result(ioctl(maps, HELD_AREAS_QUERY, &query));
	if (error == -ENAMETOOLONG) {
		query.name_size = 0;
		query.name_address = 0;
		error = errno_result(ioctl(maps, HELD_AREAS_QUERY, &query));
	}
	if (error < 0)
		return error;
	*area_out = (struct held_area){
		.start = query.start,
		.end = query.end,
		.readable = query.area_flags & QUERY_READABLE,
		.writable = query.area_flags & QUERY_WRITABLE,
		.executable = query.area_flags & QUERY_EXECUTABLE,
		.shared = query.area_flags & QUERY_SHARED,
		.is_file = query.inode || query.major || query.minor,
		.file = { .major = query.major, .minor = query.minor, .inode = query.inode },
		.name = name,
	};
	return 0;
}

/* A number that ends with this byte; NULL: malformed. */
static char *held_areas_number(char *at, int base, char end, uint64_t *value_out)
{
	char *rest;

	if (!isxdigit((unsigned char)*at))
		return NULL;
	errno = 0;
	*value_out = strtoull(at, &rest, base);
	return errno == 0 && *rest == end ? rest + 1 : NULL;
}

/* "start-end rwxp offset major:minor inode   name" */
static int held_areas_parse(char *line, struct held_area *area_out)
{
	uint64_t major, minor, offset;
	char *at = held_areas_number(line, 16, '-', &area_out->start);

	at = at ? held_areas_number(at, 16, ' ', &area_out->end) : NULL;
	if (!at || strnlen(at, 5) < 5 || at[4] != ' ')
		return -EIO;
	area_out->readable = at[0] == 'r';
	area_out->writable = at[1] == 'w';
	area_out->executable = at[2] == 'x';
	area_out->shared = at[3] == 's';
	at = held_areas_number(at + 5, 16, ' ', &offset);
	at = at ? held_areas_number(at, 16, ':', &major) : NULL;
	at = at ? held_areas_number(at, 16, ' ', &minor) : NULL;
	at = at ? held_areas_number(at, 10, ' ', &area_out->file.inode) : NULL;
	if (!at)
		return -EIO;
	area_out->file.major = (unsigned)major;
	area_out->file.minor = (unsigned)minor;
	area_out->is_file = major || minor || area_out->file.inode;
	area_out->name = at + strspn(at, " ");
	return 0;
}

/* 1, 0 at the end of the file, or -errno. */
static int held_text_fill(struct held_text *text)
{
	ssize_t count;

	memmove(text->bytes, text->bytes + text->begin, text->length - text->begin);
	text->length -= text->begin;
	text->begin = 0;
	count = errno_result(read(text->fd, text->bytes + text->length, sizeof(text->bytes) - 1 - text->length));
	if (count <= 0)
		return (int)count;
	text->length += (size_t)count;
	return 1;
}

/* Bytes up to a newline, which becomes the NUL, or a full buffer of a longer line. 1, 0 or -errno. */
static int held_text_piece(struct held_text *text, char **piece_out, bool *whole_out)
{
	char *start = text->bytes + text->begin;
	char *newline;
	int more;

	while (!(newline = memchr(start, '\n', text->length - text->begin))) {
		if (text->begin == 0 && text->length == sizeof(text->bytes) - 1)
			break;
		more = held_text_fill(text);
		if (more <= 0)
			return more;
		start = text->bytes;
	}
	*whole_out = newline != NULL;
	if (!newline)
		newline = text->bytes + text->length;
	*newline = '\0';
	text->begin = *whole_out ? (size_t)(newline + 1 - text->bytes) : text->length;
	*piece_out = start;
	return 1;
}

static int held_text_line(struct held_text *text, char **line_out)
{
	bool rest, whole = true;
	int error;

	do {
		rest = text->cutting;
		error = held_text_piece(text, line_out, &whole);
		text->cutting = !whole;
	} while (error > 0 && rest);
	return error;
}

static int held_areas_by_text(
	int maps, uint64_t start, uint64_t end, bool executable, held_area_fn *visit, void *context)
{
	struct held_text text = { .fd = maps };
	struct held_area area;
	bool empty = true;
	char *line;
	int error;

	while ((error = held_text_line(&text, &line)) > 0) {
		empty = false;
		error = held_areas_parse(line, &area);
		if (error < 0 || area.start >= end)
			return error;
		error = area.end > start && (area.executable || !executable) ? visit(context, &area) : 0;
		if (error)
			return error;
	}
	/* Memory of a process that ended has no areas at all. */
	return error == 0 && empty ? -ESRCH : error;
}

int held_areas_in(int maps, uint64_t start, uint64_t end, bool executable, held_area_fn *visit, void *context)
{
	char name[PATH_MAX];
	struct held_area area;
	int error;

	for (uint64_t address = start; address < end; address = area.end) {
		error = held_areas_ask(maps, address, executable, &area, name);
		if (error == -ENOTTY && address == start)
			return held_areas_by_text(maps, start, end, executable, visit, context);
		if (error == -ENOENT || (error == 0 && area.start >= end))
			return 0;
		if (error == 0)
			error = visit(context, &area);
		if (error)
			return error;
	}
	return 0;
}
