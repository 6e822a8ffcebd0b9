/* The cages of our own processes: the programs against the table, and the table against what may never be in it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "core/bpf_print.h"
#include "core/cage_filter.h"
#include "core/filter.h"
#include "core/plan.h"
#include "core/util.h"
#include "tests/unit/bpf_simulator.h"

#define COOKIE ((unsigned long)UINT64_C(0x5ca1ab1e0ddba11))

TestSuite(cage, .timeout = 360);

static struct cage_facts cage_facts_of(enum cage_user user, unsigned needs)
{
	return (struct cage_facts){
		.user = user, .needs = needs, .self = 4321, .log_fd = 7, .listener = 12, .cookie = COOKIE
	};
}

static uint64_t cage_operand_value(const struct cage_facts *facts, const struct cage_condition *condition)
{
	switch ((enum cage_operand)condition->operand) {
	case CAGE_BITS:
		return condition->value;
	case CAGE_SELF:
		return (uint64_t)facts->self;
	case CAGE_LOG_FD:
		return (uint64_t)facts->log_fd;
	case CAGE_LISTENER:
		return (uint64_t)facts->listener;
	case CAGE_COOKIE:
		return facts->cookie;
	case CAGE_NULL:
		return 0;
	}
	return 0;
}

static unsigned cage_arg(const struct cage_condition *condition)
{
	return condition->arg == PLAN_ARG_CLONE_FLAGS ? abi_native()->clone_flags_arg : condition->arg;
}

static bool cage_meets(const struct cage_facts *facts, const struct cage_row *row, const uint64_t args[6])
{
	for (unsigned i = 0; i < row->condition_count; i++) {
		const struct cage_condition *condition = &row->conditions[i];
		bool whole = condition->operand == CAGE_NULL || condition->operand == CAGE_COOKIE;
		uint64_t mask = condition->operand == CAGE_BITS ? condition->mask : whole ? UINT64_MAX : UINT32_MAX;

		if ((args[cage_arg(condition)] & mask) != cage_operand_value(facts, condition))
			return false;
	}
	return true;
}

/* The first row that holds; slow and plain. */
static uint32_t cage_expect(const struct cage_facts *facts, enum sysno sysno, const uint64_t args[6])
{
	size_t count;
	const struct cage_row *rows = cage_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (sysno != SC_none && rows[i].sysno == sysno && cage_row_holds(&rows[i], facts->user, facts->needs) &&
			cage_meets(facts, &rows[i], args))
			return rows[i].error ? SECCOMP_RET_ERRNO | (uint32_t)rows[i].error : SECCOMP_RET_ALLOW;
	return CAGE_OTHERWISE;
}

static void cage_compare(
	const struct cage_facts *facts, const struct sock_fprog *program, enum sysno sysno, const uint64_t args[6])
{
	struct seccomp_data data = { .arch = abi_native()->audit_arch, .nr = abi_nr(abi_native(), sysno) };

	memcpy(data.args, args, sizeof(data.args));
	cr_assert_eq(bpf_simulate(program, &data), cage_expect(facts, sysno, args),
		"user %d needs %#x: %s(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx)", facts->user, facts->needs,
		sysno_name(sysno), (long long)args[0], (long long)args[1], (long long)args[2], (long long)args[3],
		(long long)args[4], (long long)args[5]);
}

/* What a row asks for; and the same with one bit of one argument wrong, in either half. */
static void cage_compare_row(
	const struct cage_facts *facts, const struct sock_fprog *program, const struct cage_row *row)
{
	uint64_t args[6] = { 0 };

	for (unsigned i = 0; i < row->condition_count; i++)
		args[cage_arg(&row->conditions[i])] = cage_operand_value(facts, &row->conditions[i]);
	cage_compare(facts, program, row->sysno, args);
	for (unsigned i = 0; i < 6; i++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t wrong[6];

			memcpy(wrong, args, sizeof(wrong));
			wrong[i] ^= UINT64_C(1) << bit;
			cage_compare(facts, program, row->sysno, wrong);
		}
	}
}

static void cage_check(enum cage_user user, unsigned needs)
{
	static const uint64_t zero[6];
	static const uint64_t ones[6] = { -1, -1, -1, -1, -1, -1 };
	struct cage_facts facts = cage_facts_of(user, needs);
	struct sock_fprog program;
	size_t count;
	const struct cage_row *rows = cage_rows(&count);

	cr_assert_eq(cage_filter_build(&facts, &program), 0);
	for (int i = 1; i < SC_COUNT; i++) {
		if (abi_nr(abi_native(), (enum sysno)i) < 0)
			continue;
		cage_compare(&facts, &program, (enum sysno)i, zero);
		cage_compare(&facts, &program, (enum sysno)i, ones);
	}
	for (size_t i = 0; i < count; i++)
		if (abi_nr(abi_native(), rows[i].sysno) >= 0)
			cage_compare_row(&facts, &program, &rows[i]);
	filter_free(&program);
}

Test(cage, the_program_says_what_the_table_says_for_everybody_and_every_need)
{
	for (int user = 0; user < CAGE_USER_COUNT; user++) {
		cage_check((enum cage_user)user, 0);
		cage_check((enum cage_user)user, CAGE_NEED_ALL);
		cage_check((enum cage_user)user, CAGE_NEED_ALL | CAGE_NEED_SANITIZER);
		for (unsigned need = 1; need <= CAGE_NEED_SANITIZER; need <<= 1)
			cage_check((enum cage_user)user, CAGE_NEED_CALLS | need);
	}
}

static uint32_t cage_ask(const struct cage_facts *facts, uint32_t arch, uint32_t nr)
{
	struct seccomp_data data = { .arch = arch, .nr = (int)nr };
	struct sock_fprog program;
	uint32_t result;

	cr_assert_eq(cage_filter_build(facts, &program), 0);
	result = bpf_simulate(&program, &data);
	filter_free(&program);
	return result;
}

Test(cage, other_abis_and_unknown_numbers_kill)
{
	const struct cage_facts facts = cage_facts_of(CAGE_SUPERVISOR, CAGE_NEED_ALL);
	uint32_t native = abi_native()->audit_arch;
	uint32_t end = abi_native()->nr_bias + abi_native()->nr_count;

	cr_assert_eq(cage_ask(&facts, native, SYS_getpid), SECCOMP_RET_ALLOW);
	cr_assert_eq(cage_ask(&facts, AUDIT_ARCH_PPC, SYS_getpid), CAGE_OTHERWISE);
	cr_assert_eq(
		cage_ask(&facts, native == AUDIT_ARCH_I386 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386, 20), CAGE_OTHERWISE);
	cr_assert_eq(cage_ask(&facts, native, SYS_getpid | ABI_X32_BIT), CAGE_OTHERWISE);
	cr_assert_eq(cage_ask(&facts, native, UINT32_MAX), CAGE_OTHERWISE);
	for (uint32_t nr = end; nr < end + 100; nr++)
		cr_assert_eq(cage_ask(&facts, native, nr), CAGE_OTHERWISE);
}

static bool cage_has(enum cage_user user, unsigned needs, enum sysno sysno)
{
	size_t count;
	const struct cage_row *rows = cage_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (rows[i].sysno == sysno && !rows[i].error && cage_row_holds(&rows[i], user, needs))
			return true;
	return false;
}

Test(cage, nobody_starts_programs_or_processes_or_changes_the_system)
{
	static const enum sysno launchers[] = { SC_fork, SC_clone, SC_wait4, SC_seccomp, SC_dup3 };
	static const enum sysno never[] = { SC_execve, SC_execveat, SC_vfork, SC_clone3, SC_mount, SC_umount2,
		SC_pivot_root, SC_chroot, SC_unshare, SC_setns, SC_bpf, SC_perf_event_open, SC_userfaultfd,
		SC_io_uring_setup, SC_keyctl, SC_add_key, SC_init_module, SC_finit_module, SC_kexec_load, SC_reboot,
		SC_personality, SC_open_by_handle_at, SC_dup2, SC_setuid, SC_setgid, SC_shmat, SC_modify_ldt, SC_iopl,
		SC_ioperm };

	for (int user = 0; user < CAGE_USER_COUNT; user++)
		for (size_t i = 0; i < ARRAY_SIZE(never); i++)
			cr_assert_not(
				cage_has((enum cage_user)user, CAGE_NEED_ALL, never[i]), "%s", sysno_name(never[i]));
	for (size_t i = 0; i < ARRAY_SIZE(launchers); i++)
		cr_assert(cage_has(CAGE_LAUNCHER, CAGE_NEED_ALL, launchers[i]));
	for (size_t i = 0; i < 2; i++)
		cr_assert_not(cage_has(CAGE_SUPERVISOR, CAGE_NEED_ALL, launchers[i]));
}

Test(cage, memory_is_never_made_executable)
{
	struct cage_facts facts = cage_facts_of(CAGE_SUPERVISOR, CAGE_NEED_ALL);
	struct seccomp_data data = { .arch = abi_native()->audit_arch };
	int32_t mmap = abi_nr(abi_native(), abi_nr(abi_native(), SC_mmap) < 0 ? SC_mmap2 : SC_mmap);
	struct sock_fprog program;

	cr_assert_eq(cage_filter_build(&facts, &program), 0);
	for (uint64_t protection = 0; protection < 16; protection++) {
		uint32_t expected = protection & PROT_EXEC ? CAGE_OTHERWISE : SECCOMP_RET_ALLOW;

		data.args[2] = protection;
		data.nr = abi_nr(abi_native(), SC_mprotect);
		cr_assert_eq(bpf_simulate(&program, &data), expected);
		data.nr = mmap;
		if (mmap >= 0) /* the only one of s390x has its arguments in memory */
			cr_assert_eq(bpf_simulate(&program, &data), expected);
	}
	filter_free(&program);
}

Test(cage, what_a_plan_does_not_need_is_not_there)
{
	static const struct {
		enum sysno sysno;
		unsigned need;
	} needed[] = { { SC_ptrace, CAGE_NEED_TRACE }, { SC_waitid, CAGE_NEED_TRACE }, { SC_setresuid, CAGE_NEED_IDS },
		{ SC_setgroups, CAGE_NEED_IDS }, { SC_capset, CAGE_NEED_IDS }, { SC_process_vm_readv, CAGE_NEED_CALLS },
		{ SC_pidfd_getfd, CAGE_NEED_CALLS }, { SC_openat2, CAGE_NEED_CALLS }, { SC_mkdirat, CAGE_NEED_NAMES },
		{ SC_connect, CAGE_NEED_SOCKETS }, { SC_setxattr, CAGE_NEED_ATTRIBUTES } };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		cr_assert(cage_has(CAGE_SUPERVISOR, needed[i].need, needed[i].sysno));
		cr_assert_not(cage_has(CAGE_SUPERVISOR, CAGE_NEED_ALL & ~needed[i].need, needed[i].sysno), "%s",
			sysno_name(needed[i].sysno));
	}
}

Test(cage, workers_have_no_hold_on_other_processes)
{
	static const enum sysno nobody[] = { SC_ptrace, SC_process_vm_readv, SC_process_vm_writev, SC_pidfd_send_signal,
		SC_kill, SC_wait4, SC_waitid };
	static const enum sysno steps[] = { SC_pidfd_open, SC_pidfd_getfd, SC_tkill, SC_kcmp, SC_socket };

	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		cr_assert_not(cage_has(CAGE_STEP, CAGE_NEED_ALL, nobody[i]), "%s", sysno_name(nobody[i]));
		cr_assert_not(cage_has(CAGE_OPEN, CAGE_NEED_ALL, nobody[i]), "%s", sysno_name(nobody[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		cr_assert_not(cage_has(CAGE_OPEN, CAGE_NEED_ALL, steps[i]), "%s", sysno_name(steps[i]));
	cr_assert_not(cage_has(CAGE_OPEN, CAGE_NEED_ALL, SC_connect));
	cr_assert_not(cage_has(CAGE_OPEN, CAGE_NEED_ALL, SC_unlinkat));
	for (int i = 1; i < SC_COUNT; i++)
		if (cage_has(CAGE_OPEN, CAGE_NEED_ALL, (enum sysno)i))
			cr_assert(cage_has(CAGE_STEP, CAGE_NEED_ALL, (enum sysno)i), "%s", sysno_name((enum sysno)i));
}

/* Whatever a worker's own cage allows, with numbers of the worker's own. */
static void cage_check_inherited(enum cage_user user)
{
	const struct cage_facts launcher = {
		.user = CAGE_LAUNCHER, .needs = CAGE_NEED_ALL, .self = 1234, .log_fd = -1, .listener = -1
	};
	struct cage_facts worker = cage_facts_of(user, CAGE_NEED_ALL);
	struct seccomp_data data = { .arch = abi_native()->audit_arch };
	struct sock_fprog program;
	size_t count;
	const struct cage_row *rows = cage_rows(&count);

	worker.cookie = 0;
	cr_assert_eq(cage_filter_build(&launcher, &program), 0);
	for (size_t i = 0; i < count; i++) {
		data.nr = abi_nr(abi_native(), rows[i].sysno);
		if (data.nr < 0 || rows[i].error || !cage_row_holds(&rows[i], user, CAGE_NEED_ALL))
			continue;
		memset(data.args, 0, sizeof(data.args));
		for (unsigned j = 0; j < rows[i].condition_count; j++)
			data.args[rows[i].conditions[j].arg] = cage_operand_value(&worker, &rows[i].conditions[j]);
		if (rows[i].sysno == SC_tgkill)
			data.args[2] = SIGABRT;
		cr_assert_eq(bpf_simulate(&program, &data), SECCOMP_RET_ALLOW, "%s", sysno_name(rows[i].sysno));
	}
	filter_free(&program);
}

Test(cage, of_the_launcher_leaves_workers_what_theirs_allow)
{
	cage_check_inherited(CAGE_STEP);
	cage_check_inherited(CAGE_OPEN);
}

Test(cage, the_text_of_a_program_names_calls_and_outcomes)
{
	struct cage_facts facts = cage_facts_of(CAGE_SUPERVISOR, CAGE_NEED_CALLS);
	struct sock_fprog program;
	char *text = NULL;
	size_t size, lines = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_eq(cage_filter_build(&facts, &program), 0);
	cr_assert_eq(bpf_print(stream, &program), 0);
	fclose(stream);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	cr_assert_eq(lines, program.len);
	cr_assert(strstr(text, "(openat2) goto"), "%s", text);
	cr_assert(strstr(text, "return ERRNO(ENOSYS)"));
	cr_assert(CAGE_OTHERWISE != SECCOMP_RET_KILL_PROCESS || strstr(text, "return KILL_PROCESS"));
	cr_assert(strstr(text, "A = upper half of arg5"));
	free(text);
	filter_free(&program);
}
