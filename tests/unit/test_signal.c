/* Who may be sent a signal, where nobody but us keeps signals inside: which numbers are asked about, and as what. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>

#include "core/inside.h"
#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(signal, .timeout = 60);

/* Inside are the processes below 100 and their groups; 500 was one. */
static int inside_answer(pid_t number)
{
	if (number == 500)
		return -ESRCH;
	return number < 100 ? 0 : -EPERM;
}

int inside_process(struct call *call, pid_t pid)
{
	cr_assert_gt(pid, -1);
	call->moves = 1;
	return inside_answer(pid);
}

int inside_group(struct call *call, pid_t group)
{
	cr_assert_gt(group, 1);
	call->moves = 2;
	return inside_answer(group);
}

static const struct signal_case {
	enum sysno sysno;
	uint64_t number;
	int error;      /* 0: the kernel sends it */
	unsigned asked; /* 1: about a process, 2: about a group */
} signal_cases[] = {
	{ SC_kill, 7, 0, 1 },
	{ SC_kill, 700, EPERM, 1 },
	{ SC_kill, 500, ESRCH, 1 },
	{ SC_kill, UINT64_C(0xabcd00000000) | 700, EPERM, 1 },
	{ SC_kill, (uint64_t)-7, 0, 2 },
	{ SC_kill, (uint32_t)-7, 0, 2 },
	{ SC_kill, (uint64_t)-700, EPERM, 2 },
	{ SC_kill, (uint64_t)-500, ESRCH, 2 },
	{ SC_kill, (uint32_t)INT_MIN, ESRCH, 0 },
	{ SC_tkill, 700, EPERM, 1 },
	{ SC_tkill, 7, 0, 1 },
	{ SC_tkill, (uint64_t)-700, 0, 0 },
	{ SC_tgkill, 700, EPERM, 1 },
	{ SC_tgkill, 7, 0, 1 },
	{ SC_tgkill, (uint64_t)-1, 0, 0 },
	{ SC_rt_sigqueueinfo, 700, EPERM, 1 },
	{ SC_rt_tgsigqueueinfo, 700, EPERM, 1 },
};

Test(signal, goes_to_processes_and_groups_inside)
{
	for (size_t i = 0; i < ARRAY_SIZE(signal_cases); i++) {
		const struct signal_case *row = &signal_cases[i];
		struct call call = { .sysno = row->sysno, .args = { row->number, 0, SIGTERM } };
		struct verdict verdict = fake_begin(&handler_signal, &call);

		if (row->error)
			cr_expect(verdict.kind == VERDICT_FAIL && verdict.value == row->error, "row %zu", i);
		else
			cr_expect(verdict.kind == VERDICT_CONTINUE, "row %zu", i);
		cr_expect_eq(call.moves, row->asked, "row %zu", i);
	}
}
