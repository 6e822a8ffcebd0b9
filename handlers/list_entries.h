/*
 * Directory entries as the calls of each ABI give them. Pure: no call, no descriptors.
 */
#ifndef KENNEL_HANDLERS_LIST_ENTRIES_H
#define KENNEL_HANDLERS_LIST_ENTRIES_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

enum list_layout {
	LIST_64,  /* getdents64, the same in every ABI */
	LIST_OLD, /* getdents: inode and offset are longs */
	LIST_ONE, /* readdir of old 32-bit ABIs: one entry, with its own offset */
};

/* No filesystem gives a name as long as a path. */
#define LIST_RECORD_MAX (PATH_MAX + 32)

/* One entry as our kernel gave it; name points into its record. */
struct list_entry {
	uint64_t inode;
	uint64_t next; /* the offset behind it */
	unsigned char type;
	const char *name;
	size_t name_length;
	size_t record; /* length of the record it came from */
};

/* Reads the record of getdents64 at these bytes. */
void list_entry_read(const unsigned char *bytes, struct list_entry *entry_out);

/* The bytes that the entry takes; `word` is the size of the ABI's long. */
size_t list_entry_size(enum list_layout layout, unsigned word, const struct list_entry *entry);

/* Writes them, padding zeroed; `offset` is what its offset field shows. */
void list_entry_write(
	enum list_layout layout, unsigned word, const struct list_entry *entry, uint64_t offset, unsigned char *bytes);

/* The least that any entry takes. */
size_t list_entry_least(enum list_layout layout, unsigned word);

#endif
