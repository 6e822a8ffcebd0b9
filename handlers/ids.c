/*
 * Calls that change whose rights a thread has. They stay the kernel's. Where the policy names transitions of ids, no
 * other is let through; and it is remembered that ids must be read anew from now on. What decides are register values
 * and the credentials of a thread that waits, which hold still. And the one prctl that would make
 * the caller unreadable for us: it is told that it worked.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "core/access.h"
#include "core/identity.h"
#include "core/util.h"
#include "handlers/handlers.h"

enum ids_form { IDS_SET, IDS_SETRE, IDS_SETRES, IDS_SETFS };

struct ids_row {
	enum sysno sysno;
	enum ids_form form;
	bool group;
	bool short_ids; /* 16 bits where the ABI has such */
};

static const struct ids_row ids_rows[] = {
	{ SC_setuid, IDS_SET, false, true },
	{ SC_setuid32, IDS_SET, false, false },
	{ SC_setreuid, IDS_SETRE, false, true },
	{ SC_setreuid32, IDS_SETRE, false, false },
	{ SC_setresuid, IDS_SETRES, false, true },
	{ SC_setresuid32, IDS_SETRES, false, false },
	{ SC_setfsuid, IDS_SETFS, false, true },
	{ SC_setfsuid32, IDS_SETFS, false, false },
	{ SC_setgid, IDS_SET, true, true },
	{ SC_setgid32, IDS_SET, true, false },
	{ SC_setregid, IDS_SETRE, true, true },
	{ SC_setregid32, IDS_SETRE, true, false },
	{ SC_setresgid, IDS_SETRES, true, true },
	{ SC_setresgid32, IDS_SETRES, true, false },
	{ SC_setfsgid, IDS_SETFS, true, true },
	{ SC_setfsgid32, IDS_SETFS, true, false },
};

static const struct ids_row *ids_find(enum sysno sysno)
{
	for (size_t i = 0; i < ARRAY_SIZE(ids_rows); i++)
		if (ids_rows[i].sysno == sysno)
			return &ids_rows[i];
	return NULL;
}

static bool ids_are_short(const struct call *call, const struct ids_row *row)
{
	return row->short_ids && call_has_short_ids(call);
}

/* All ones mean "leave it", or are invalid (EINVAL from the kernel): nothing changes either way. */
static uint32_t ids_arg(const struct call *call, const struct ids_row *row, unsigned index, uint32_t otherwise)
{
	uint32_t all_ones = ids_are_short(call, row) ? UINT16_MAX : UINT32_MAX;
	uint32_t id = (uint32_t)call_arg_int(call, index) & all_ones;

	return id == all_ones ? otherwise : id;
}

/* setuid and setgid: without the capability only the effective id changes, and the one that follows it. */
static int ids_after_set(struct call *call, const struct ids_row *row, struct identity_ids *ids)
{
	int capable = identity_capable(call, row->group ? CAP_SETGID : CAP_SETUID);

	if (capable == 1) {
		ids->real = ids_arg(call, row, 0, ids->real);
		ids->saved = ids_arg(call, row, 0, ids->saved);
	}
	ids->effective = ids_arg(call, row, 0, ids->effective);
	return capable < 0 ? capable : 0;
}

/* setreuid and setregid: the saved id becomes the effective one, unless only an old real id was taken up. */
static void ids_after_setre(const struct call *call, const struct ids_row *row, struct identity_ids *ids)
{
	uint32_t old_real = ids->real;
	bool sets_real = ids_arg(call, row, 0, 0) == ids_arg(call, row, 0, 1);

	ids->real = ids_arg(call, row, 0, ids->real);
	ids->effective = ids_arg(call, row, 1, ids->effective);
	if (sets_real || ids_arg(call, row, 1, old_real) != old_real)
		ids->saved = ids->effective;
}

/* What the kernel would make of the ids, if it allowed all of it (kernel/sys.c). 0 or -errno. */
static int ids_after(struct call *call, const struct ids_row *row, struct identity_ids *ids)
{
	int error = 0;

	switch (row->form) {
	case IDS_SET:
		error = ids_after_set(call, row, ids);
		break;
	case IDS_SETRE:
		ids_after_setre(call, row, ids);
		break;
	case IDS_SETRES:
		ids->real = ids_arg(call, row, 0, ids->real);
		ids->effective = ids_arg(call, row, 1, ids->effective);
		ids->saved = ids_arg(call, row, 2, ids->saved);
		break;
	case IDS_SETFS:
		ids->fs = ids_arg(call, row, 0, ids->fs);
		return 0;
	}
	ids->fs = ids->effective;
	return error;
}

static bool ids_may_become(struct call *call, bool group, uint32_t from, uint32_t to)
{
	return from == to || access_transition(call, group, from, to);
}

/* setfsuid and setfsgid never fail: they say what the id was, all of it, whether it changed or not. */
static struct verdict ids_refuse(const struct ids_row *row, const struct identity_ids *ids)
{
	return row->form == IDS_SETFS ? verdict_return(ids->fs) : verdict_fail(EPERM);
}

static struct verdict ids_transit(struct call *call, const struct ids_row *row)
{
	struct identity_ids before;
	struct identity_ids after;

	if (identity_ids(call, row->group, &before) < 0)
		return verdict_fail(EPERM);
	after = before;
	if (ids_after(call, row, &after) < 0)
		return verdict_fail(EPERM);
	if (!ids_may_become(call, row->group, before.real, after.real) ||
		!ids_may_become(call, row->group, before.effective, after.effective) ||
		!ids_may_become(call, row->group, before.saved, after.saved) ||
		!ids_may_become(call, row->group, before.fs, after.fs))
		return ids_refuse(row, &before);
	identity_mark_changing(call);
	return verdict_continue();
}

static struct verdict ids_set_dumpable(struct call *call)
{
	uint64_t wanted = call_arg(call, 1);

	if (wanted > 1)
		return verdict_fail(EINVAL);
	return verdict_result(identity_pretend_hidden(call, wanted == 0));
}

static struct verdict ids_enter(struct call *call)
{
	const struct ids_row *row = ids_find(call_sysno(call));

	if (row && access_transitions(call, row->group))
		return ids_transit(call, row);
	if (call_sysno(call) == SC_prctl && call_arg_int(call, 0) == PR_SET_DUMPABLE)
		return ids_set_dumpable(call);
	if (call_sysno(call) == SC_prctl && call_arg_int(call, 0) == PR_GET_DUMPABLE)
		return identity_pretends_hidden(call) ? verdict_return(0) : verdict_continue();
	identity_mark_changing(call);
	return verdict_continue();
}

const struct handler handler_identity = {
	.name = "identity",
	.flags = H_REGISTERS,
	.enter = ids_enter,
};
