/*
 * Modes and owners: the chmod and chown families, decided by chmod, and by chown and chgrp
 * for each id that is given.
 */
#include <sys/stat.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define ATTR_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

struct attr_row {
	enum sysno sysno;
	int8_t dirfd;
	int8_t flags;
	uint8_t string;
	uint8_t value;  /* the mode, or the user (the group follows) */
	bool nofollow;  /* where the call has no flags of its own */
	bool short_ids; /* 16 bits wide where the ABI has such */
};

static const struct attr_row attr_chmod_rows[] = {
	{ SC_chmod, ARG_NONE, ARG_NONE, 0, 1, false, false },
	{ SC_fchmodat, 0, ARG_NONE, 1, 2, false, false },
	{ SC_fchmodat2, 0, 3, 1, 2, false, false },
};

static const struct attr_row attr_chown_rows[] = {
	{ SC_chown, ARG_NONE, ARG_NONE, 0, 1, false, true },
	{ SC_lchown, ARG_NONE, ARG_NONE, 0, 1, true, true },
	{ SC_chown32, ARG_NONE, ARG_NONE, 0, 1, false, false },
	{ SC_lchown32, ARG_NONE, ARG_NONE, 0, 1, true, false },
	{ SC_fchownat, 0, 4, 1, 2, false, false },
};

/* Each of these categories must allow it; the tip of a refusal names all of them. */
static int attr_check(struct call *call, uint64_t categories, const struct path *path)
{
	int error = 0;

	access_wants(call, categories);
	for (unsigned i = 0; i < CAT_COUNT && error >= 0; i++)
		if (categories & CAT_BIT(i))
			error = access_check_path(call, (enum category)i, path);
	return error < 0 ? error : call_revalidate(call);
}

/* The object that a row's arguments name, decided and ready for the effect. 0 or -errno. */
static int attr_find(struct call *call, const struct attr_row *row, uint64_t categories, struct path *path)
{
	unsigned flags = (unsigned)common_arg(call, row->flags, row->nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	int error;

	if (flags & ~(unsigned)ATTR_AT_FLAGS)
		return -EINVAL;
	error = common_lookup(call, row->dirfd, row->string, common_path_flags(flags), path);
	return error < 0 ? error : attr_check(call, categories, path);
}

/* The same for a call on a descriptor. fd (ours to close) or -errno. */
static int attr_find_fd(struct call *call, uint64_t categories)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = common_descriptor(call, 0, &path);
	int error = fd;

	if (error >= 0)
		error = attr_check(call, categories, &path);
	return error < 0 ? error : take_fd(&fd);
}

static struct verdict attr_enter_chmod(struct call *call)
{
	const struct attr_row *row = COMMON_ROW(attr_chmod_rows, call);
	PATH_LOCAL(path);
	char name[PATH_OF_FD_SIZE];
	int error = attr_find(call, row, CAT_BIT(CAT_CHMOD), &path);

	if (error < 0)
		return verdict_fail(error);
	path_of_fd(path.object, name);
	return verdict_result(errno_result(chmod(name, (mode_t)call_arg_int(call, row->value) & 07777)));
}

static struct verdict attr_enter_fchmod(struct call *call)
{
	int AUTO_CLOSE fd = attr_find_fd(call, CAT_BIT(CAT_CHMOD));

	if (fd < 0)
		return verdict_fail(fd);
	return verdict_result(errno_result(fchmod(fd, (mode_t)call_arg_int(call, 1) & 07777)));
}

/* A user or group id; of 16 bits, all ones mean "leave it" as they do in 32. */
static unsigned attr_id(const struct call *call, unsigned index, bool short_ids)
{
	unsigned id = (unsigned)call_arg_int(call, index);

	if (!short_ids || !call_has_short_ids(call))
		return id;
	id &= 0xffff;
	return id == 0xffff ? UINT32_MAX : id;
}

/* Without any id it still takes set-id bits away: chown then. */
static uint64_t attr_chown_categories(unsigned user, unsigned group)
{
	uint64_t categories = group == UINT32_MAX ? 0 : CAT_BIT(CAT_CHGRP);

	return user == UINT32_MAX && categories ? categories : categories | CAT_BIT(CAT_CHOWN);
}

static struct verdict attr_enter_chown(struct call *call)
{
	const struct attr_row *row = COMMON_ROW(attr_chown_rows, call);
	unsigned user = attr_id(call, row->value, row->short_ids);
	unsigned group = attr_id(call, row->value + 1U, row->short_ids);
	PATH_LOCAL(path);
	int error = attr_find(call, row, attr_chown_categories(user, group), &path);

	if (error >= 0)
		error = errno_result(fchownat(path.object, "", user, group, AT_EMPTY_PATH));
	return verdict_result(error);
}

static struct verdict attr_enter_fchown(struct call *call)
{
	bool short_ids = call_sysno(call) == SC_fchown;
	unsigned user = attr_id(call, 1, short_ids);
	unsigned group = attr_id(call, 2, short_ids);
	int AUTO_CLOSE fd = attr_find_fd(call, attr_chown_categories(user, group));
	int error = fd;

	if (error >= 0)
		error = errno_result(fchown(fd, user, group));
	return verdict_result(error);
}

const struct handler handler_chmod = {
	.name = "chmod",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHMOD) | CAT_BIT(CAT_WALK),
	.enter = attr_enter_chmod,
};

const struct handler handler_fchmod = {
	.name = "fchmod",
	.flags = H_IDENTITY,
	.categories = CAT_BIT(CAT_CHMOD),
	.enter = attr_enter_fchmod,
};

const struct handler handler_chown = {
	.name = "chown",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHOWN) | CAT_BIT(CAT_CHGRP) | CAT_BIT(CAT_WALK),
	.enter = attr_enter_chown,
};

const struct handler handler_fchown = {
	.name = "fchown",
	.flags = H_IDENTITY,
	.categories = CAT_BIT(CAT_CHOWN) | CAT_BIT(CAT_CHGRP),
	.enter = attr_enter_fchown,
};
