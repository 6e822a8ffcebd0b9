/*
 * Calls that change whose rights a thread has. They stay the kernel's: all that is done
 * here is to remember that ids must be read anew from now on. The decision is on register values
 * alone, and the next call reads what came of this one. And the one prctl that would make
 * the caller unreadable for us: it is told that it worked.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "core/identity.h"
#include "handlers/handlers.h"

static struct verdict ids_set_dumpable(struct call *call)
{
	uint64_t wanted = call_arg(call, 1);

	if (wanted > 1)
		return verdict_fail(EINVAL);
	return verdict_result(identity_pretend_hidden(call, wanted == 0));
}

static struct verdict ids_enter(struct call *call)
{
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
