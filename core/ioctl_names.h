/*
 * The names of ioctl requests, for rules of the category ioctl. One number may have
 * several names; numbers that are not here have none and still may be in rules.
 */
#ifndef KENNEL_CORE_IOCTL_NAMES_H
#define KENNEL_CORE_IOCTL_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct ioctl_name {
	const char *name;
	uint32_t request;
};

const struct ioctl_name *ioctl_names(size_t *count_out);

/* The first name of a request, NULL where none is known. */
const char *ioctl_name(uint32_t request);

#endif
