/*
 * The only user of libseccomp. One context for each ABI, because libseccomp 2.5.4 takes
 * numbers that it does not know in a context of the native ABI only; joined by
 * seccomp_merge. What is beyond it goes to core/filter_own.c.
 */
#include "core/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/cleanup.h"
#include "core/filter_own.h"
#include "core/plan.h"
#include "core/plan_abi.h"
#include "core/trace_data.h"
#include "core/util.h"

static void filter_release(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

#define AUTO_CONTEXT __attribute__((cleanup(filter_release)))

/* libseccomp's actions are the return values of BPF. */
static uint32_t filter_action(const struct abi *abi, const struct plan_entry *entry)
{
	switch (entry->action) {
	case PLAN_KERNEL:
	case PLAN_LANDLOCK:
		return SCMP_ACT_ALLOW;
	case PLAN_REFUSE:
		return SCMP_ACT_ERRNO((unsigned)entry->error);
	case PLAN_NOTIFY:
		return SCMP_ACT_NOTIFY;
	case PLAN_TRACE:
		return SCMP_ACT_TRACE(trace_data(abi, entry->sysno));
	}
	return SCMP_ACT_KILL_PROCESS;
}

/* The entries of one call, `count` of them from `first` on. */
struct group {
	const struct plan_entry *first;
	size_t count;
	bool done;
};

/* What the plan says of the calls that one ABI has. */
struct filter_groups {
	size_t count;
	struct group list[SC_COUNT];
};

/* libseccomp's name for an ABI is the kernel's audit value, which x32 has no own of. */
static uint32_t filter_token(const struct abi *abi)
{
	return abi->nr_bias == ABI_X32_BIT ? SCMP_ARCH_X32 : abi->audit_arch;
}

/*
 * The number by which libseccomp takes a call, which is always the native one or a negative
 * stand-in; it finds the ABI's own by name. false: unknown there, or taken apart
 * (socketcall and ipc), so that what comes out is not what was asked for.
 */
static bool filter_number(const struct abi *abi, enum sysno sysno, int *number_out)
{
	const char *name = sysno_name(sysno);

	if (filter_token(abi) == seccomp_arch_native()) {
		*number_out = abi_nr(abi, sysno);
		return true;
	}
	*number_out = seccomp_syscall_resolve_name(name);
	return *number_out != __NR_SCMP_ERROR &&
	       seccomp_syscall_resolve_name_arch(filter_token(abi), name) == abi_nr(abi, sysno);
}

/* libseccomp (2.5) may leave out what it has no memory for without a word. errno, 0 before its call, tells. */
static int filter_whole(int result)
{
	return result == 0 && errno == ENOMEM ? -ENOMEM : result;
}

static void filter_find_groups(const struct abi *abi, const struct plan *plan, struct filter_groups *groups)
{
	groups->count = 0;
	for (size_t i = 0; i < plan_count(plan);) {
		struct group group = { .first = plan_at(plan, i) };

		while (i < plan_count(plan) && plan_at(plan, i)->sysno == group.first->sysno) {
			group.count++;
			i++;
		}
		if (abi_nr(abi, group.first->sysno) >= 0)
			groups->list[groups->count++] = group;
	}
}

static bool filter_same_entry(const struct abi *abi, const struct plan_entry *a, const struct plan_entry *b)
{
	bool same = a->condition_count == b->condition_count && filter_action(abi, a) == filter_action(abi, b);

	for (unsigned i = 0; same && i < a->condition_count; i++)
		same = a->conditions[i].arg == b->conditions[i].arg && a->conditions[i].mask == b->conditions[i].mask &&
		       a->conditions[i].value == b->conditions[i].value;
	return same;
}

/* But for the call itself. */
static bool filter_same_group(const struct abi *abi, const struct group *a, const struct group *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = filter_same_entry(abi, &a->first[i], &b->first[i]);
	return same;
}

/* This call, and all behind it that are treated alike: the program says once how. */
static int filter_add_own(
	struct filter_own *own, const struct abi *abi, struct filter_groups *groups, struct group *group)
{
	const struct group *end = groups->list + groups->count;
	int numbers[FILTER_OWN_CALLS_MAX];
	struct plan_entry entry;
	unsigned count = 0;
	int error;

	for (struct group *other = group; other < end && count < FILTER_OWN_CALLS_MAX; other++) {
		if (other->done || !filter_same_group(abi, group, other))
			continue;
		numbers[count++] = abi_nr(abi, other->first->sysno);
		other->done = true;
	}
	error = filter_own_begin_calls(own, numbers, count);
	for (size_t i = 0; i < group->count && error == 0; i++)
		if (plan_entry_for(abi, &group->first[i], &entry))
			error = filter_own_add(own, abi, &entry, filter_action(abi, &entry));
	return error ? error : filter_own_end_calls(own);
}

/*
 * libseccomp is told of calls that are refused whatever their arguments: the others are answered by us, or have
 * several outcomes. It has no order among the rules of a call, and takes more time for each than all of ours take.
 */
static int filter_add_group(scmp_filter_ctx context, struct filter_own *own, const struct abi *abi,
	struct filter_groups *groups, struct group *group)
{
	const struct plan_entry *first = group->first;
	bool one = group->count == 1 && first->condition_count == 0;
	int number;

	if (group->done || (one && filter_action(abi, first) == SCMP_ACT_ALLOW))
		return 0;
	if (!one || first->action != PLAN_REFUSE || !filter_number(abi, first->sysno, &number))
		return filter_add_own(own, abi, groups, group);
	errno = 0;
	return filter_whole(seccomp_rule_add_exact_array(context, filter_action(abi, first), number, 0, NULL));
}

static int filter_fill(scmp_filter_ctx context, struct filter_own *own, const struct abi *abi, const struct plan *plan)
{
	struct filter_groups groups;
	int error = filter_own_begin(own, abi);

	filter_find_groups(abi, plan, &groups);
	for (size_t i = 0; i < groups.count && error == 0; i++)
		error = filter_add_group(context, own, abi, &groups, &groups.list[i]);
	if (error == 0)
		filter_own_end(own);
	return error;
}

/* An empty context of one architecture. */
static int filter_new_context(const struct abi *abi, scmp_filter_ctx *context_out)
{
	AUTO_CONTEXT scmp_filter_ctx context = NULL;
	int error = 0;

	errno = 0;
	context = seccomp_init(SCMP_ACT_ALLOW);
	if (!context)
		return -ENOMEM;
	if (seccomp_arch_native() != filter_token(abi)) {
		error = seccomp_arch_add(context, filter_token(abi));
		if (error == 0)
			error = seccomp_arch_remove(context, seccomp_arch_native());
	}
	if (error == 0)
		error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	error = filter_whole(error);
	if (error < 0)
		return error;
	*context_out = take_ptr(context);
	return 0;
}

/* Reads libseccomp's program behind ours; both together are the result. */
static int filter_join(const struct filter_own *own, int fd, struct sock_fprog *out)
{
	AUTO_FREE struct sock_filter *instructions = NULL;
	struct stat status;
	size_t count;

	if (fstat(fd, &status) < 0)
		return -errno;
	count = (size_t)status.st_size / sizeof(*instructions);
	if (count == 0 || own->length + count > BPF_MAXINSNS)
		return -E2BIG;
	instructions = reallocarray(NULL, own->length + count, sizeof(*instructions));
	if (!instructions)
		return -ENOMEM;
	if (own->length > 0)
		memcpy(instructions, own->instructions, own->length * sizeof(*instructions));
	if (pread(fd, instructions + own->length, (size_t)status.st_size, 0) != status.st_size)
		return -EIO;
	out->len = (unsigned short)(own->length + count);
	out->filter = take_ptr(instructions);
	return 0;
}

static int filter_export(scmp_filter_ctx context, const struct filter_own *own, struct sock_fprog *out)
{
	AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	errno = 0;
	error = filter_whole(seccomp_export_bpf(context, fd));
	return error < 0 ? error : filter_join(own, fd, out);
}

static int filter_merge(scmp_filter_ctx *joined, scmp_filter_ctx *context)
{
	int error = 0;

	errno = 0;
	if (*joined)
		error = filter_whole(seccomp_merge(*joined, *context));
	if (error < 0)
		return error;
	if (!*joined)
		*joined = *context;
	*context = NULL; /* joined owns it now */
	return 0;
}

static int filter_build_into(const struct plan *plan, const struct abi *const *abis, unsigned count,
	struct filter_own *own, struct sock_fprog *out)
{
	AUTO_CONTEXT scmp_filter_ctx joined = NULL;
	int error = -EINVAL;

	for (unsigned i = 0; i < count; i++) {
		AUTO_CONTEXT scmp_filter_ctx context = NULL;

		error = filter_new_context(abis[i], &context);
		if (error == 0)
			error = filter_fill(context, own, abis[i], plan);
		if (error == 0)
			error = filter_merge(&joined, &context);
		if (error < 0)
			return error;
	}
	return joined ? filter_export(joined, own, out) : error;
}

int filter_build(const struct plan *plan, const struct abi *const *abis, unsigned count, struct sock_fprog *out)
{
	struct filter_own own = { 0 };
	int error = 0;

	*out = (struct sock_fprog){ 0 };
	if (!plan_is_empty(plan))
		error = filter_build_into(plan, abis, count, &own, out);
	free(own.instructions);
	return error;
}

void filter_free(struct sock_fprog *program)
{
	free(program->filter);
	*program = (struct sock_fprog){ 0 };
}

int filter_load(const struct sock_fprog *program, unsigned flags)
{
	return (int)errno_result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program));
}
