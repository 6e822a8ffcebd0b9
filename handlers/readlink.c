/*
 * readlink and readlinkat: the text of the held symlink, cut to the caller's buffer.
 * Decides the stat category.
 */
#include <limits.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

static const struct {
	enum sysno sysno;
	int8_t dirfd;
	uint8_t string;
	uint8_t buffer;
	uint8_t size;
} readlink_rows[] = {
	{ SC_readlink, ARG_NONE, 0, 1, 2 },
	{ SC_readlinkat, 0, 1, 2, 3 },
};

/* The whole text, its length, or -errno. */
static ssize_t readlink_text(struct call *call, const struct path *path, char text[PATH_MAX])
{
	ssize_t len = access_check_path(call, CAT_STAT, path);

	if (len < 0)
		return len;
	len = path_read_link(call, path, text, PATH_MAX);
	/* By an empty name, a thing that is no link does not exist. */
	return len == -ENOENT && !path->is_fd ? -EINVAL : len;
}

static struct verdict readlink_enter(struct call *call)
{
	__typeof__(&readlink_rows[0]) row = COMMON_ROW(readlink_rows, call);
	int size = call_arg_int(call, row->size);
	PATH_LOCAL(path);
	char text[PATH_MAX];
	ssize_t len;
	int error;

	if (size <= 0)
		return verdict_fail(EINVAL);
	error = common_lookup(call, row->dirfd, row->string, PATH_EMPTY, &path);
	if (error < 0)
		return verdict_fail(error);
	len = readlink_text(call, &path, text);
	if (len < 0)
		return verdict_fail((int)len);
	len = len < size ? len : size;
	error = mem_write(call, call_arg(call, row->buffer), text, (size_t)len);
	return verdict_result(error < 0 ? error : len);
}

const struct handler handler_readlink = {
	.name = "readlink",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = readlink_enter,
};
