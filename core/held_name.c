/*
 * Whether a mapped file is where its name says. The kernel tells names for a list of mappings as for descriptors
 * (core/path_name.c), but nothing there is held that would tell on which mount it is. Opens what is named, as a path
 * only; decides nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/held.h"
#include "core/mounts.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

/* 1 or 0; -EACCES where we may not look. */
static int held_area_is_at(const struct held_area *area, const char *name)
{
	AUTO_CLOSE int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? -EACCES : 0;
	return held_area_is(area, fd);
}

/* With the characters as they stand, and as a line feed. */
static int held_area_is_at_either(const struct held_area *area)
{
	char name[PATH_MAX];
	int found = held_area_is_at(area, area->name);

	if (found != 0 || snprintf(name, sizeof(name), "%s", area->name) >= (int)sizeof(name))
		return found;
	return name_line_feed(name) ? held_area_is_at(area, name) : 0;
}

bool held_area_is_where_named(struct call *call, const struct held_area *area)
{
	struct mounts *mounts = call->sandbox->supervisor->mounts;
	int found = -EACCES;

	if (!mounts)
		return false;
	/* Who serves a slow mount may never answer. */
	if (!mounts_below_slow(mounts, area->name))
		found = held_area_is_at_either(area);
	if (found == 0 && name_removed_length(area->name))
		found = -ENOENT;
	if (found >= 0)
		return found;
	/* Nothing is there to compare: a name without its beginning is only told of a mount that went. */
	mounts_refresh(mounts);
	return !mounts_any_gone(mounts);
}
