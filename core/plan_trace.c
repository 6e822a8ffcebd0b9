/*
 * The planner's part for what nobody can do for another process: which calls of exec and
 * chdir stop under ptrace, for which arguments; and the calls that are refused beside them,
 * because they make memory executable that nobody was asked about. Pure, as core/plan.c.
 */
#include <errno.h>
#include <linux/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include "core/plan_build.h"
#include "core/policy.h"
#include "core/reason.h"
#include "handlers/handler.h"

#define SHM_FLAG_EXEC 0100000
#define IPC_CALL_MASK UINT64_C(0xffff) /* the upper half is a version */
#define MEMFD_NOEXEC_SEAL 8            /* 6.3; before it the flag is EINVAL */
#define PERSONALITY_QUERY 0xffffffff
#define PRCTL_SET_MDWE 65 /* 6.3; before it EINVAL */
/* Of x86's arch_prctl; EINVAL without CONFIG_CHECKPOINT_RESTORE. */
#define PRCTL_MAP_VDSO_X32 0x2001
#define PRCTL_MAP_VDSO_32 0x2002
#define PRCTL_MAP_VDSO_64 0x2003

static const char only_asks[] = REASON("only asks for the personality");
static const char implied[] = REASON("makes memory executable that was only read, unseen by the exec rules");
static const char checked_later[] = REASON("a mapped file is made executable only after it was checked");
static const char no_file[] = REASON("exec/anonymous:off: executable memory must be a file");
static const char kernels_code[] = REASON("puts the kernel's code where memory was executed, before anybody looked");
static const char unsealed[] = REASON("Landlock does not refuse to execute memory files: only those that can never be");

static const enum sysno memory_calls[] = { SC_mmap, SC_mmap2, SC_old_mmap, SC_mprotect, SC_pkey_mprotect, SC_mremap };

/* True while memory is judged at all: mapped files, or that all of it is one. */
static bool plan_trace_judges_memory(const struct plan_builder *builder)
{
	const struct policy_settings *settings = policy_settings(builder->policy);

	return settings->exec_mmap || !settings->exec_anonymous;
}

bool plan_trace_wanted(const struct plan_builder *builder, enum sysno sysno, const struct handler *handler)
{
	if (!(handler->flags & (H_TRACE | H_EXIT)))
		return true;
	if (builder->exec_landlock && !(handler->categories & builder->active & ~CAT_BIT(CAT_EXEC)))
		return false;
	return !plan_has(memory_calls, ARRAY_SIZE(memory_calls), sysno) || plan_trace_judges_memory(builder);
}

/* old_mmap has its arguments in memory: every one of them stops. */
void plan_trace_narrow(enum sysno sysno, struct plan_entry *entry)
{
	if (sysno == SC_old_mmap || !plan_has(memory_calls, ARRAY_SIZE(memory_calls), sysno))
		return;
	if (sysno == SC_mremap) {
		entry->conditions[entry->condition_count++] = plan_bits(3, MREMAP_MAYMOVE, MREMAP_MAYMOVE);
		return;
	}
	entry->conditions[entry->condition_count++] = plan_bits(2, PROT_EXEC, PROT_EXEC);
	if (sysno == SC_mmap || sysno == SC_mmap2)
		entry->conditions[entry->condition_count++] = plan_bits(3, MAP_ANONYMOUS, 0);
}

/* Entries of one call that depend on nothing but registers; the first that holds decides. */
static const struct memory_row {
	enum sysno sysno;
	int error; /* 0: left to the kernel */
	unsigned condition_count;
	struct plan_condition conditions[2];
	const char *reason;
} memory_rows[] = {
	{ SC_personality, 0, 1, { { 0, PLAN_INT_MASK, PERSONALITY_QUERY } }, only_asks },
	{ SC_personality, EPERM, 1, { { 0, READ_IMPLIES_EXEC, READ_IMPLIES_EXEC } }, implied },
	{ SC_prctl, EINVAL, 1, { { 0, PLAN_INT_MASK, PRCTL_SET_MDWE } }, checked_later },
	{ SC_shmat, EACCES, 1, { { 2, SHM_FLAG_EXEC, SHM_FLAG_EXEC } }, implied },
	{ SC_ipc, EACCES, 2, { { 0, IPC_CALL_MASK, SHMAT }, { 2, SHM_FLAG_EXEC, SHM_FLAG_EXEC } }, implied },
	{ SC_remap_file_pages, ENOSYS, 0, { { 0 } }, implied },
};

static const struct memory_row anonymous_rows[] = {
	{ SC_arch_prctl, EINVAL, 1, { { 0, PLAN_INT_MASK, PRCTL_MAP_VDSO_X32 } }, kernels_code },
	{ SC_arch_prctl, EINVAL, 1, { { 0, PLAN_INT_MASK, PRCTL_MAP_VDSO_32 } }, kernels_code },
	{ SC_arch_prctl, EINVAL, 1, { { 0, PLAN_INT_MASK, PRCTL_MAP_VDSO_64 } }, kernels_code },
	{ SC_mmap, EACCES, 2, { { 2, PROT_EXEC, PROT_EXEC }, { 3, MAP_ANONYMOUS, MAP_ANONYMOUS } }, no_file },
	{ SC_mmap2, EACCES, 2, { { 2, PROT_EXEC, PROT_EXEC }, { 3, MAP_ANONYMOUS, MAP_ANONYMOUS } }, no_file },
};

static const struct memory_row landlock_rows[] = {
	{ SC_memfd_create, EACCES, 1, { { 1, MEMFD_NOEXEC_SEAL, 0 } }, unsealed },
	{ SC_memfd_secret, EACCES, 0, { { 0 } }, unsealed },
};

static void plan_trace_rows(struct plan_builder *builder, enum sysno sysno, const struct memory_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct plan_entry entry = {
			.sysno = sysno,
			.action = rows[i].error ? PLAN_REFUSE : PLAN_KERNEL,
			.error = rows[i].error,
			.condition_count = rows[i].condition_count,
			.conditions = { rows[i].conditions[0], rows[i].conditions[1] },
			.reason = rows[i].reason,
		};

		if (rows[i].sysno != sysno)
			continue;
		plan_set_cause(builder, CAT_BIT(CAT_EXEC), &entry);
		plan_add(builder, &entry);
	}
}

void plan_trace_memory(struct plan_builder *builder, enum sysno sysno)
{
	if (!(builder->active & CAT_BIT(CAT_EXEC)))
		return;
	plan_trace_rows(builder, sysno, memory_rows, ARRAY_SIZE(memory_rows));
	if (!policy_settings(builder->policy)->exec_anonymous)
		plan_trace_rows(builder, sysno, anonymous_rows, ARRAY_SIZE(anonymous_rows));
	if (builder->exec_landlock)
		plan_trace_rows(builder, sysno, landlock_rows, ARRAY_SIZE(landlock_rows));
}
