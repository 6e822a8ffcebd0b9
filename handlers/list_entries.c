/*
 * The records of getdents64, getdents and readdir. Values that do not fit are the
 * caller's business (EOVERFLOW); here they are cut.
 */
#include "handlers/list_entries.h"

#include <dirent.h>
#include <string.h>

/* Where things are in a record of getdents64, the same on every architecture. */
enum { AT_NEXT = 8, AT_LENGTH = 16, AT_TYPE = 18, AT_NAME = 19 };

void list_entry_read(const unsigned char *bytes, struct list_entry *entry_out)
{
	uint16_t record;

	memcpy(&entry_out->inode, bytes, sizeof(entry_out->inode));
	memcpy(&entry_out->next, bytes + AT_NEXT, sizeof(entry_out->next));
	memcpy(&record, bytes + AT_LENGTH, sizeof(record));
	entry_out->type = bytes[AT_TYPE];
	entry_out->name = (const char *)bytes + AT_NAME;
	entry_out->name_length = strnlen(entry_out->name, record - (size_t)AT_NAME);
	entry_out->record = record;
}

static size_t list_round(size_t size, unsigned step)
{
	return (size + step - 1) / step * step;
}

size_t list_entry_size(enum list_layout layout, unsigned word, const struct list_entry *entry)
{
	size_t name = entry->name_length + 1;

	switch (layout) {
	case LIST_64:
		return list_round(AT_NAME + name, sizeof(uint64_t));
	case LIST_OLD:
		/* The type is the last byte of the record, behind the padding. */
		return list_round(2 * (size_t)word + sizeof(uint16_t) + name + 1, word);
	case LIST_ONE:
		return 2 * (size_t)word + sizeof(uint16_t) + name;
	}
	return 0;
}

size_t list_entry_least(enum list_layout layout, unsigned word)
{
	const struct list_entry shortest = { .name_length = 1 };

	return list_entry_size(layout, word, &shortest);
}

static void list_store(unsigned char *to, uint64_t value, unsigned width)
{
	uint32_t narrow = (uint32_t)value;

	if (width == sizeof(narrow))
		memcpy(to, &narrow, sizeof(narrow));
	else
		memcpy(to, &value, sizeof(value));
}

void list_entry_write(
	enum list_layout layout, unsigned word, const struct list_entry *entry, uint64_t offset, unsigned char *bytes)
{
	size_t size = list_entry_size(layout, word, entry);
	unsigned width = layout == LIST_64 ? sizeof(uint64_t) : word;
	uint16_t length = (uint16_t)(layout == LIST_ONE ? entry->name_length : size);
	unsigned char *after = bytes + 2 * (size_t)width;

	memset(bytes, 0, size);
	list_store(bytes, entry->inode, width);
	list_store(bytes + width, offset, width);
	memcpy(after, &length, sizeof(length));
	after += sizeof(length);
	if (layout == LIST_64)
		*after++ = entry->type;
	if (layout == LIST_OLD)
		bytes[size - 1] = entry->type;
	memcpy(after, entry->name, entry->name_length);
}
