/* Calls that set ids, where the policy names transitions: each form changes what the kernel would change. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(ids, .timeout = 60);

#define ROOT \
	{ \
		0, 0, 0, 0 \
	}
#define SETUID (UINT64_C(1) << CAP_SETUID)
#define KEEP UINT32_MAX
#define KEEP16 UINT16_MAX

enum ids_outcome { PASSES, REFUSED };

/* With only 0.7 named, for users and groups alike. */
struct ids_case {
	enum sysno sysno;
	bool compat;
	struct identity_ids before;
	uint64_t args[3];
	enum ids_outcome outcome;
};

static struct call ids_call(const struct ids_case *row)
{
	return (struct call){
		.sysno = row->sysno,
		.compat = row->compat,
		.args = { row->args[0], row->args[1], row->args[2] },
		.ids = { row->before, row->before },
		.capabilities = SETUID | UINT64_C(1) << CAP_SETGID,
		.transitions = { true, true },
		.transition_from = 0,
		.transition_to = 7,
	};
}

static void ids_expect(const struct ids_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct call call = ids_call(&rows[i]);
		struct verdict verdict = fake_begin(&handler_identity, &call);

		if (rows[i].outcome == PASSES)
			cr_expect(verdict.kind == VERDICT_CONTINUE && call.marked_changing, "row %zu", i);
		else
			cr_expect(verdict.kind == VERDICT_FAIL && verdict.value == EPERM && !call.marked_changing,
				"row %zu", i);
	}
}

Test(ids, every_form_makes_the_named_transition_and_no_other)
{
	static const enum sysno forms[][2] = {
		{ SC_setuid, 1 },
		{ SC_setreuid, 2 },
		{ SC_setresuid, 3 },
		{ SC_setgid, 1 },
		{ SC_setregid, 2 },
		{ SC_setresgid, 3 },
		{ SC_setuid32, 1 },
		{ SC_setreuid32, 2 },
		{ SC_setresuid32, 3 },
		{ SC_setgid32, 1 },
		{ SC_setregid32, 2 },
		{ SC_setresgid32, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct ids_case rows[] = {
			{ forms[i][0], i % 2, ROOT, { 7, 7, 7 }, PASSES },
			{ forms[i][0], i % 2, ROOT, { 8, 8, 8 }, REFUSED },
			{ forms[i][0], i % 2, { 7, 7, 7, 7 }, { 0, 0, 0 }, REFUSED },
			{ forms[i][0], i % 2, { 7, 7, 7, 7 }, { 7, 7, 7 }, PASSES },
			{ forms[i][0], i % 2, { 9, 9, 9, 9 }, { KEEP, KEEP, KEEP }, PASSES },
		};

		ids_expect(rows, ARRAY_SIZE(rows));
	}
}

Test(ids, each_argument_is_judged_against_the_id_that_it_replaces)
{
	static const struct ids_case rows[] = {
		{ SC_setresuid, false, ROOT, { KEEP, 7, KEEP }, PASSES },
		{ SC_setresuid, false, ROOT, { 7, KEEP, KEEP }, PASSES },
		{ SC_setresuid, false, ROOT, { 7, 7, 8 }, REFUSED },
		{ SC_setresuid, false, ROOT, { 8, 7, 7 }, REFUSED },
		{ SC_setresuid, false, { 0, 7, 0, 7 }, { KEEP, 0, KEEP }, REFUSED },
		{ SC_setresuid, false, { 0, 7, 8, 7 }, { 7, KEEP, KEEP }, PASSES },
		{ SC_setresuid, false, { 0, 7, 8, 7 }, { 7, KEEP, 7 }, REFUSED },
	};

	ids_expect(rows, ARRAY_SIZE(rows));
}

Test(ids, saved_id_follows_where_the_kernel_lets_it)
{
	static const struct ids_case rows[] = {
		/* Only the effective id becomes the old real one: the saved 8 stays. */
		{ SC_setreuid, false, { 7, 0, 8, 0 }, { KEEP, 7 }, PASSES },
		/* The real id is set: 8 would become 7. */
		{ SC_setreuid, false, { 7, 0, 8, 0 }, { 7, 7 }, REFUSED },
		/* The effective one becomes something else: the saved one too. */
		{ SC_setreuid, false, { 0, 0, 8, 0 }, { KEEP, 7 }, REFUSED },
		{ SC_setreuid, false, { 5, 0, 0, 0 }, { KEEP, 7 }, PASSES },
		{ SC_setreuid, false, { 0, 7, 8, 7 }, { KEEP, KEEP }, PASSES },
	};

	ids_expect(rows, ARRAY_SIZE(rows));
}

Test(ids, file_system_id_follows_the_effective_one)
{
	static const struct ids_case rows[] = {
		{ SC_setresuid, false, { 0, 0, 0, 5 }, { KEEP, 7, KEEP }, REFUSED },
		{ SC_setuid, false, { 0, 0, 0, 5 }, { 7 }, REFUSED },
		{ SC_setresuid, false, { 0, 0, 0, 7 }, { KEEP, 7, KEEP }, PASSES },
	};

	ids_expect(rows, ARRAY_SIZE(rows));
}

Test(ids, setuid_without_the_capability_changes_the_effective_id_only)
{
	const struct ids_case row = { SC_setuid, false, { 7, 0, 8, 0 }, { 7 }, PASSES };
	struct call call = ids_call(&row);

	cr_expect_eq(fake_begin(&handler_identity, &call).kind, VERDICT_FAIL);
	call = ids_call(&row);
	call.capabilities &= ~SETUID;
	cr_expect_eq(fake_begin(&handler_identity, &call).kind, VERDICT_CONTINUE);
}

Test(ids, short_ids_of_old_calls_are_widened)
{
	static const struct ids_case rows[] = {
		{ SC_setuid, true, ROOT, { 0x10007 }, PASSES },
		{ SC_setuid, false, ROOT, { 0x10007 }, REFUSED },
		{ SC_setuid32, true, ROOT, { 0x10007 }, REFUSED },
		{ SC_setresuid, true, ROOT, { KEEP16, 7, KEEP16 }, PASSES },
		{ SC_setresuid, false, ROOT, { KEEP16, 7, KEEP16 }, REFUSED },
		{ SC_setresuid32, true, ROOT, { KEEP16, 7, KEEP16 }, REFUSED },
		{ SC_setgid, true, ROOT, { KEEP16 }, PASSES },
	};

	ids_expect(rows, ARRAY_SIZE(rows));
}

Test(ids, upper_half_of_the_register_is_no_part_of_an_id)
{
	static const struct ids_case rows[] = {
		{ SC_setuid, false, ROOT, { UINT64_C(1) << 32 | 7 }, PASSES },
		{ SC_setuid, false, ROOT, { UINT64_MAX }, PASSES },
	};

	ids_expect(rows, ARRAY_SIZE(rows));
}

Test(ids, refused_file_system_id_is_answered_with_the_old_one)
{
	const struct ids_case wide = { SC_setfsuid, true, { 0, 0, 0, 70000 }, { 8 }, REFUSED };
	const struct ids_case plain = { SC_setfsgid, false, { 0, 0, 0, 70000 }, { 8 }, REFUSED };
	const struct ids_case named[] = {
		{ SC_setfsuid, false, ROOT, { 7 }, PASSES },
		{ SC_setfsgid32, true, ROOT, { 7 }, PASSES },
		{ SC_setfsuid, false, { 5, 5, 5, 5 }, { KEEP }, PASSES },
	};
	struct call call = ids_call(&wide);

	cr_expect_eq(fake_enter(&handler_identity, &call), 70000, "all of it, as the kernel says");
	call = ids_call(&plain);
	cr_expect_eq(fake_enter(&handler_identity, &call), 70000);
	ids_expect(named, ARRAY_SIZE(named));
}

Test(ids, ids_that_cannot_be_read_are_not_changed)
{
	const struct ids_case row = { SC_setuid, false, ROOT, { 7 }, REFUSED };
	struct call call = ids_call(&row);

	call.identity_error = -E2BIG;
	cr_expect_eq(fake_enter(&handler_identity, &call), -EPERM);
}

Test(ids, without_named_transitions_of_that_kind_nothing_is_asked)
{
	const struct ids_case row = { SC_setgid, false, ROOT, { 8 }, PASSES };
	struct call call = ids_call(&row);

	call.transitions[1] = false;
	cr_expect_eq(fake_begin(&handler_identity, &call).kind, VERDICT_CONTINUE);
	cr_expect_eq(call.transitions_asked, 0);
	cr_expect(call.marked_changing);
}

Test(ids, first_refusal_is_the_only_one)
{
	const struct ids_case row = { SC_setuid, false, ROOT, { 8 }, REFUSED };
	struct call call = ids_call(&row);

	fake_enter(&handler_identity, &call);
	cr_expect_eq(call.transitions_asked, 1);
}

Test(ids, capabilities_are_followed_but_not_judged)
{
	const struct ids_case row = { SC_capset, false, ROOT, { 1 }, PASSES };

	ids_expect(&row, 1);
}

static struct identity_ids ids_now(void)
{
	struct identity_ids now;

	cr_assert_eq(syscall(SYS_getresuid, &now.real, &now.effective, &now.saved), 0);
	now.fs = (uint32_t)syscall(SYS_setfsuid, -1);
	return now;
}

static void ids_become(const struct identity_ids *ids)
{
	cr_assert_eq(syscall(SYS_setresuid, ids->real, ids->effective, ids->saved), 0);
	syscall(SYS_setfsuid, ids->fs);
}

static bool ids_named(uint32_t from, uint32_t to)
{
	return from == to || (from == 0 && to == 7);
}

/* One call, really made: it goes on exactly where every id that the kernel then changed did so as named. */
static void ids_compare(struct ids_case *row, long number)
{
	struct call call = ids_call(row);
	bool passes = fake_begin(&handler_identity, &call).kind == VERDICT_CONTINUE;
	struct identity_ids after;
	bool named;

	ids_become(&row->before);
	syscall(number, row->args[0], row->args[1], row->args[2]);
	after = ids_now();
	named = ids_named(row->before.real, after.real) && ids_named(row->before.effective, after.effective) &&
		ids_named(row->before.saved, after.saved) && ids_named(row->before.fs, after.fs);
	cr_assert(named || !passes, "call %d goes on", row->sysno);
	/* With an apart file system id the kernel leaves all alone where nothing is asked: that may be refused. */
	cr_assert(passes || !named || row->before.fs != row->before.effective, "call %d is refused", row->sysno);
}

static void ids_compare_args(const struct identity_ids *before)
{
	static const uint32_t values[] = { 0, 7, 8, KEEP };
	static const struct {
		enum sysno sysno;
		long number;
	} calls[] = {
		{ SC_setuid, SYS_setuid },
		{ SC_setreuid, SYS_setreuid },
		{ SC_setresuid, SYS_setresuid },
		{ SC_setfsuid, SYS_setfsuid },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls) * 64; i++) {
		size_t which = i / 64;
		struct ids_case row = {
			.sysno = calls[which].sysno,
			.before = *before,
			.args = { values[i % 4], values[i / 4 % 4], values[i / 16 % 4] },
		};

		ids_compare(&row, calls[which].number);
	}
}

Test(ids, foresight_is_what_the_kernel_does)
{
	static const uint32_t values[] = { 0, 7, 8 };

	/* Capabilities stay, so that every id can be taken, and left. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		cr_skip_test("needs CAP_SETPCAP");
	for (size_t i = 0; i < 81; i++) {
		struct identity_ids before = { values[i % 3], values[i / 3 % 3], values[i / 9 % 3], values[i / 27] };

		ids_compare_args(&before);
	}
	ids_become(&(struct identity_ids){ 0, 0, 0, 0 });
}
