/* The planner: which calls leave the kernel under which policy, and why. */
#include <criterion/criterion.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "arch/arch.h"
#include "core/ioctl_number.h"
#include "core/plan.h"
#include "core/surface.h"
#include "core/unsafe.h"
#include "core/util.h"
#include "tests/unit/fake_policy.h"

TestSuite(plan, .timeout = 60);

static const struct plan_host modern = {
	.landlock_abi = 7,
	.supervisor = 500,
	.launcher = 501,
	.pgrp = 499,
	.scopes_signals = true,
	.ptrace = true,
};

static const struct plan_host old = {
	.landlock_abi = 2,
	.supervisor = 500,
	.launcher = 501,
	.pgrp = 499,
	.ptrace = true,
};

static const struct plan_host root = {
	.landlock_abi = 7,
	.scopes_signals = true,
	.ptrace = true,
	.privileged = true,
};

static const struct policy writes = {
	.active = CAT_BIT(CAT_WRITE),
	.defaults = { [CAT_WRITE] = ACTION_DENY },
};

/* What comes out for one call: a readable word, so that tests read like the plan. */
static const char *plan_outcome(
	const struct plan *plan, const char *abi_name, enum sysno sysno, uint64_t arg0, uint64_t arg1)
{
	const uint64_t args[6] = { arg0, arg1 };
	const struct plan_entry *entry = plan_decide(plan, abi_by_name(abi_name), sysno, args);

	if (!entry)
		return "kernel";
	if (entry->action == PLAN_REFUSE)
		return strerrorname_np(entry->error);
	if (entry->action == PLAN_LANDLOCK)
		return "landlock";
	if (entry->action == PLAN_KERNEL)
		return "kernel";
	return entry->action == PLAN_NOTIFY ? "notify" : "trace";
}

#define assert_outcome(plan, sysno, arg0, arg1, expected) \
	cr_assert_str_eq(plan_outcome(plan, "x86_64", sysno, arg0, arg1), expected)

Test(plan, of_a_policy_that_is_off_is_empty)
{
	const struct policy off = { .active = 0 };
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&off, &old);
	cr_assert(plan_is_empty(plan));
	cr_assert_not(plan_notifies(plan));
	cr_assert_eq(plan_count(plan), 0);
	assert_outcome(plan, SC_openat, 0, 0, "kernel");
	assert_outcome(plan, SC_mount, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan, notifies_only_what_an_active_category_needs)
{
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&writes, &modern);
	cr_assert(plan_notifies(plan));
	cr_assert_not(plan_traces(plan));
	assert_outcome(plan, SC_open, 0, O_WRONLY, "notify");
	assert_outcome(plan, SC_statx, 0, 0, "kernel");
	assert_outcome(plan, SC_rename, 0, 0, "kernel");
	assert_outcome(plan, SC_execve, 0, 0, "kernel");
	assert_outcome(plan, SC_getpid, 0, 0, "kernel");
	assert_outcome(plan, SC_none, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan, without_handlers_refuses_the_surface_and_needs_no_listener)
{
	struct plan *plan = plan_new(&writes, &modern);

	cr_assert_not(plan_is_empty(plan));
	cr_assert_not(plan_notifies(plan));
	plan_free(plan);
}

Test(plan, keeps_names_still_as_soon_as_a_rule_exists)
{
	const struct rule rule = { .action = ACTION_DENY, .category = CAT_STAT, .origin = { "-m", 0 } };
	const struct policy hide = {
		.active = CAT_BIT(CAT_STAT),
		.rules = { [CAT_STAT] = &rule },
		.counts = { [CAT_STAT] = 1 },
	};
	const struct policy sleeping = { .active = CAT_BIT(CAT_STAT),
		.rules = { [CAT_READ] = &rule },
		.counts = { [CAT_READ] = 1 },
		.defaults = { [CAT_STAT] = ACTION_DENY } };
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&hide, &modern);
	assert_outcome(plan, SC_linkat, 0, 0, "notify");
	cr_assert(strstr(plan_find(plan, SC_linkat)->reason, "names must hold still"));
	cr_assert_eq(plan_find(plan, SC_linkat)->rule, &rule);
	plan_free(plan);
	/* A rule of a category that is off tells nothing apart. */
	plan = plan_new(&sleeping, &modern);
	assert_outcome(plan, SC_linkat, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan, names_the_rule_that_made_it_so)
{
	const struct rule rules[] = {
		{ .action = ACTION_ALLOW, .category = CAT_STAT, .origin = { "policy", 1 } },
		{ .action = ACTION_DENY, .category = CAT_STAT, .origin = { "policy", 2 } },
		{ .action = ACTION_ALLOW, .category = CAT_STAT, .origin = { "policy", 3 } },
	};
	struct policy hide = {
		.active = CAT_BIT(CAT_STAT),
		.rules = { [CAT_STAT] = rules },
		.counts = { [CAT_STAT] = 3 },
	};
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&hide, &modern);
	cr_assert_eq(plan_find(plan, SC_statx)->rule, &rules[1]);
	cr_assert_eq(plan_find(plan, SC_statx)->category, CAT_STAT);
	plan_free(plan);
	/* Under a refusing default every rule gives something back: the default is the cause. */
	hide.defaults[CAT_STAT] = ACTION_DENY;
	plan = plan_new(&hide, &modern);
	cr_assert_null(plan_find(plan, SC_statx)->rule);
	cr_assert_eq(plan_find(plan, SC_statx)->category, CAT_STAT);
	plan_free(plan);
}

Test(plan, traces_what_a_handler_wants_traced)
{
	const struct policy exec = { .active = CAT_BIT(CAT_EXEC) };
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&exec, &modern);
	assert_outcome(plan, SC_execve, 0, 0, "trace");
	assert_outcome(plan, SC_chdir, 0, 0, "kernel");
	cr_assert(plan_traces(plan));
	plan_free(plan);
}

Test(plan, takes_only_bind_out_of_socketcall)
{
	const struct policy create = { .active = CAT_BIT(CAT_CREATE) };
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&create, &modern);
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_socketcall, 2, 0), "notify");
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_socketcall, UINT64_C(0x900000002), 0), "notify");
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_socketcall, 3, 0), "kernel");
	plan_free(plan);
	plan = plan_new(&writes, &modern);
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_socketcall, 2, 0), "kernel");
	plan_free(plan);
}

Test(plan, refuses_the_surface_with_the_errno_that_makes_programs_fall_back)
{
	static const struct {
		enum sysno sysno;
		const char *expected;
	} rows[] = {
		{ SC_io_uring_setup, "ENOSYS" },
		{ SC_open_tree, "ENOSYS" },
		{ SC_open_tree_attr, "ENOSYS" },
		{ SC_mount_setattr, "ENOSYS" },
		{ SC_clone3, "ENOSYS" },
		{ SC_landlock_restrict_self, "ENOSYS" },
		{ SC_open_by_handle_at, "EPERM" },
		{ SC_name_to_handle_at, "EOPNOTSUPP" },
		{ SC_mount, "EPERM" },
		{ SC_umount2, "EPERM" },
		{ SC_chroot, "EPERM" },
		{ SC_pivot_root, "EPERM" },
		{ SC_setns, "EPERM" },
		{ SC_ptrace, "EPERM" },
		{ SC_process_vm_writev, "EPERM" },
		{ SC_pidfd_getfd, "EPERM" },
		{ SC_process_madvise, "EPERM" },
		{ SC_bpf, "EPERM" },
		{ SC_kexec_load, "EPERM" },
		{ SC_finit_module, "EPERM" },
		{ SC_uselib, "ENOSYS" },
		{ SC_statmount, "kernel" },
		{ SC_fanotify_init, "EPERM" },
		{ SC_userfaultfd, "EPERM" },
		{ SC_perf_event_open, "EACCES" },
		{ SC_keyctl, "ENOSYS" },
		{ SC_reboot, "EPERM" },
		{ SC_clock_settime, "EPERM" },
		{ SC_clock_adjtime, "kernel" },
		{ SC_modify_ldt, "ENOSYS" },
		{ SC_rtas, "EPERM" },
		{ SC_pciconfig_read, "EPERM" },
		{ SC_pciconfig_write, "EPERM" },
		{ SC_pciconfig_iobase, "EPERM" },
		{ SC_personality, "kernel" },
		{ SC_move_pages, "kernel" },
	};
	struct plan *plan = plan_new(&writes, &modern);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_outcome(plan, rows[i].sysno, 0, 0, rows[i].expected);
	plan_free(plan);
}

Test(plan, gives_back_by_its_option_what_the_surface_refuses)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);
	unsigned given = 0;

	for (size_t i = 0; i < count; i++) {
		const struct policy_settings settings = { .unsafe = rows[i].given_by };
		const struct policy policy = { .active = CAT_BIT(CAT_WRITE), .settings = &settings };
		const uint64_t value = rows[i].has_condition ? rows[i].value : 1;
		struct plan *with, *without;

		if (!rows[i].given_by)
			continue;
		with = plan_new(&policy, &modern);
		without = plan_new(&writes, &modern);
		assert_outcome(
			without, rows[i].sysno, value, 0, rows[i].error ? strerrorname_np(rows[i].error) : "kernel");
		assert_outcome(with, rows[i].sysno, value, 0, "kernel");
		plan_free(with);
		plan_free(without);
		given |= rows[i].given_by;
	}
	cr_assert(given & UNSAFE_BIT(UNSAFE_PTRACE) && given & UNSAFE_BIT(UNSAFE_PERF));
}

Test(plan, refuses_what_cuts_a_file_in_the_layout_of_either_width)
{
	/* F2FS_IOC_MOVE_RANGE, and as 32-bit programs number it. */
	static const uint32_t requests[] = { IOCTL_MADE(0xc020f509), IOCTL_MADE(0xc01cf509) };
	const struct policy cuts = { .active = CAT_BIT(CAT_TRUNCATE) };

	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
		struct plan *without = plan_new(&writes, &modern);
		struct plan *with = plan_new(&cuts, &modern);

		assert_outcome(with, SC_ioctl, 3, requests[i], "EOPNOTSUPP");
		assert_outcome(without, SC_ioctl, 3, requests[i], "kernel");
		plan_free(with);
		plan_free(without);
	}
}

Test(plan, widens_the_surface_with_the_categories)
{
	const struct policy walk = { .active = CAT_BIT(CAT_WALK) };
	const struct policy reads = { .active = CAT_BIT(CAT_READ) };
	struct plan *plan = plan_new(&walk, &modern);

	assert_outcome(plan, SC_statmount, 0, 0, "ENOSYS");
	cr_assert_eq(plan_find(plan, SC_statmount)->category, CAT_WALK);
	plan_free(plan);
	plan = plan_new(&reads, &modern);
	assert_outcome(plan, SC_statmount, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan, lets_a_handler_take_the_place_of_a_refused_call)
{
	struct plan *plan;

	fake_handle(SC_mount, &fake_open);
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_mount, 0, 0, "notify");
	plan_free(plan);
}

Test(plan, refuses_new_namespaces_by_the_flags_of_clone)
{
	struct plan *plan = plan_new(&writes, &modern);

	assert_outcome(plan, SC_clone, CLONE_VM | CLONE_FS | CLONE_THREAD, 0, "kernel");
	assert_outcome(plan, SC_clone, CLONE_NEWUSER | 17, 0, "EPERM");
	assert_outcome(plan, SC_clone, CLONE_VM | CLONE_NEWNS, 0, "EPERM");
	assert_outcome(plan, SC_clone, UINT64_C(0xffffffff00000000) | CLONE_NEWPID, 0, "EPERM");
	assert_outcome(plan, SC_clone, UINT64_C(0xffffffff00000000) | 17, 0, "kernel");
	assert_outcome(plan, SC_unshare, CLONE_FS | CLONE_NEWUSER, 0, "EPERM");
	assert_outcome(plan, SC_unshare, UINT64_C(1) << 40 | CLONE_FS, 0, "EPERM");
	assert_outcome(plan, SC_unshare, CLONE_FS | CLONE_FILES, 0, "kernel");
	plan_free(plan);
}

Test(plan, judges_ioctl_and_fcntl_on_the_low_32_bits)
{
	struct plan *plan = plan_new(&writes, &modern);

	assert_outcome(plan, SC_fcntl, 3, F_SETOWN, "EPERM");
	assert_outcome(plan, SC_fcntl, 3, F_SETOWN_EX, "EPERM");
	assert_outcome(plan, SC_fcntl, 3, UINT64_C(0xffffffff00000000) | F_SETSIG, "EPERM");
	assert_outcome(plan, SC_fcntl, 3, F_GETOWN, "kernel");
	assert_outcome(plan, SC_ioctl, 3, UINT64_C(1) << 32 | FIOSETOWN, "EPERM");
	assert_outcome(plan, SC_ioctl, 3, FS_IOC_SETFLAGS, "EPERM");
	assert_outcome(plan, SC_ioctl, 3, FS_IOC_GETFLAGS, "kernel");
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_fcntl64, 3, F_SETOWN_EX), "EPERM");
	plan_free(plan);
}

/* A handler looks whose signals they are. */
Test(plan, asks_who_owns_a_descriptor_where_somebody_answers)
{
	static const struct handler asked = { .name = "fcntl" };
	struct plan *plan;

	fake_handle_usual();
	fake_handle(SC_fcntl, &asked);
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_fcntl, 3, F_SETOWN, "notify");
	assert_outcome(plan, SC_fcntl, 3, F_SETOWN_EX, "EPERM");
	assert_outcome(plan, SC_fcntl, 3, F_SETSIG, "EPERM");
	plan_free(plan);
}

Test(plan, refuses_requests_that_reach_past_a_read_only_descriptor)
{
	static const uint64_t names[] = { IOCTL_MADE(0x5000940e), IOCTL_MADE(0x50009418), IOCTL_MADE(0x5000940f),
		IOCTL_MADE(0x5000943f), IOCTL_MADE(0x40806685), FS_IOC_SETVERSION, FS_IOC32_SETVERSION,
		IOCTL_MADE(0x40086604), IOCTL_MADE(0x40046604), FIFREEZE, FITHAW };
	static const uint64_t always[] = { IOCTL_MADE(0xaa00), IOCTL_MADE(0xc038586b), IOCTL_MADE(0xc01c586b) };
	static const uint64_t seconds[] = { IOCTL_MADE(0x50009401), IOCTL_MADE(0x50009417), IOCTL_MADE(0x4020bc10),
		IOCTL_MADE(0x40186f04) };
	const struct policy changes = { .active = CAT_BIT(CAT_CHATTR) };
	const struct policy reads = { .active = CAT_BIT(CAT_READ) };
	const struct policy connects = { .active = CAT_BIT(CAT_NET_CONNECT) };
	struct plan *plans[] = { plan_new(&writes, &modern), plan_new(&changes, &modern), plan_new(&reads, &modern),
		plan_new(&connects, &modern) };

	for (unsigned i = 0; i < ARRAY_SIZE(plans); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(names); j++)
			assert_outcome(plans[i], SC_ioctl, 3, names[j], i < 2 ? "EPERM" : "kernel");
		for (unsigned j = 0; j < ARRAY_SIZE(seconds); j++)
			assert_outcome(plans[i], SC_ioctl, 3, seconds[j], i < 3 ? "EPERM" : "kernel");
		for (unsigned j = 0; j < ARRAY_SIZE(always); j++)
			assert_outcome(plans[i], SC_ioctl, 3, always[j] | UINT64_C(1) << 40, "EPERM");
		assert_outcome(plans[i], SC_ioctl, 3, TCGETS, "kernel");
		plan_free(plans[i]);
	}
}

Test(plan, refuses_devices_by_their_mode_and_leaves_the_rest_to_its_handler)
{
	const struct policy reads = { .active = CAT_BIT(CAT_READ) };
	const struct policy creates = { .active = CAT_BIT(CAT_CREATE) };
	const uint64_t at[6] = { 0, 0, S_IFBLK | 0600 };
	struct plan *plan;

	fake_handle(SC_mknod, &fake_bind);
	fake_handle(SC_mknodat, &fake_bind);
	plan = plan_new(&reads, &modern);
	assert_outcome(plan, SC_mknod, 0, S_IFCHR | 0600, "EPERM");
	assert_outcome(plan, SC_mknod, 0, S_IFBLK | 07777, "EPERM");
	assert_outcome(plan, SC_mknod, 0, UINT64_C(0xffffffffffff0000) | S_IFCHR, "EPERM");
	assert_outcome(plan, SC_mknod, 0, S_IFIFO | 0600, "kernel");
	plan_free(plan);
	plan = plan_new(&creates, &modern);
	assert_outcome(plan, SC_mknod, 0, S_IFCHR | 0600, "EPERM");
	assert_outcome(plan, SC_mknod, 0, S_IFIFO | 0600, "notify");
	assert_outcome(plan, SC_mknod, 0, 0600, "notify");
	assert_outcome(plan, SC_mknodat, 0, S_IFCHR, "notify");
	cr_assert_eq(plan_decide(plan, abi_by_name("x86_64"), SC_mknodat, at)->error, EPERM);
	plan_free(plan);
}

Test(plan, protects_the_cleaner_like_the_supervisor)
{
	struct plan_host host = modern;
	struct plan *plan = plan_new(&writes, &host);

	assert_outcome(plan, SC_kill, 502, 9, "kernel");
	assert_outcome(plan, SC_kill, 0, 9, "kernel");
	plan_free(plan);
	host.cleaner = 502;
	plan = plan_new(&writes, &host);
	assert_outcome(plan, SC_kill, 502, 9, "EPERM");
	assert_outcome(plan, SC_pidfd_open, 502, 0, "EPERM");
	assert_outcome(plan, SC_prlimit64, 502, 7, "EPERM");
	assert_outcome(plan, SC_setpriority, 0, 502, "EPERM");
	plan_free(plan);
}

Test(plan, asks_about_hidden_memory_where_capabilities_do_not_help)
{
	struct plan *plan = plan_new(&writes, &modern);

	assert_outcome(plan, SC_prctl, PR_SET_DUMPABLE, 0, "kernel");
	plan_free(plan);
	fake_handle_usual();
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_prctl, PR_SET_DUMPABLE, 0, "notify");
	assert_outcome(plan, SC_prctl, UINT64_C(0x700000000) | PR_GET_DUMPABLE, 0, "notify");
	assert_outcome(plan, SC_prctl, PR_SET_NAME, 0, "kernel");
	cr_assert(strstr(plan_find(plan, SC_prctl)[1].reason, "hides its memory"));
	plan_free(plan);
	plan = plan_new(&writes, &root);
	assert_outcome(plan, SC_prctl, PR_SET_DUMPABLE, 0, "kernel");
	plan_free(plan);
}

Test(plan, asks_about_the_size_of_core_files_only)
{
	const struct policy reads = { .active = CAT_BIT(CAT_READ) };
	struct plan *plan;

	fake_handle(SC_setrlimit, &fake_limit);
	fake_handle(SC_prlimit64, &fake_limit);
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_setrlimit, RLIMIT_CORE, 0, "notify");
	assert_outcome(plan, SC_setrlimit, RLIMIT_NOFILE, 0, "kernel");
	assert_outcome(plan, SC_prlimit64, 0, RLIMIT_CORE, "notify");
	assert_outcome(plan, SC_prlimit64, RLIMIT_CORE, RLIMIT_NOFILE, "kernel");
	assert_outcome(plan, SC_prlimit64, 500, RLIMIT_CORE, "EPERM");
	cr_assert_str_eq(plan_outcome(plan, "i386", SC_setrlimit, RLIMIT_CORE, 0), "notify");
	plan_free(plan);
	plan = plan_new(&reads, &modern);
	assert_outcome(plan, SC_setrlimit, RLIMIT_CORE, 0, "kernel");
	plan_free(plan);
}

Test(plan, protects_our_own_processes_from_signals)
{
	struct plan *plan = plan_new(&writes, &modern);

	assert_outcome(plan, SC_kill, 500, 9, "EPERM");
	assert_outcome(plan, SC_kill, UINT64_C(0xabcd00000000) | 501, 9, "EPERM");
	assert_outcome(plan, SC_tgkill, 501, 501, "EPERM");
	assert_outcome(plan, SC_pidfd_open, 500, 0, "EPERM");
	assert_outcome(plan, SC_rt_sigqueueinfo, 500, 9, "EPERM");
	assert_outcome(plan, SC_prlimit64, 500, 0, "EPERM");
	assert_outcome(plan, SC_prlimit64, 0, 0, "kernel");
	assert_outcome(plan, SC_sched_setaffinity, 501, 0, "EPERM");
	assert_outcome(plan, SC_setpriority, 0, 500, "EPERM");
	assert_outcome(plan, SC_setpriority, 1, 500, "kernel");
	assert_outcome(plan, SC_setpriority, 2, 0, "EPERM");
	assert_outcome(plan, SC_ioprio_set, 1, 501, "EPERM");
	assert_outcome(plan, SC_kill, 502, 9, "kernel");
	assert_outcome(plan, SC_kill, (uint64_t)-1, 9, "kernel");
	assert_outcome(plan, SC_kill, 0, 9, "kernel");
	assert_outcome(plan, SC_pidfd_send_signal, 3, 9, "kernel");
	plan_free(plan);
}

Test(plan, refuses_wide_signals_where_landlock_does_not_scope_them)
{
	struct plan *plan = plan_new(&writes, &old);

	assert_outcome(plan, SC_kill, (uint64_t)-1, 9, "EPERM");
	assert_outcome(plan, SC_kill, UINT32_MAX, 9, "EPERM");
	assert_outcome(plan, SC_kill, (uint64_t)-499, 9, "EPERM");
	assert_outcome(plan, SC_kill, (uint32_t)-499, 9, "EPERM");
	assert_outcome(plan, SC_kill, 0, 9, "EPERM");
	assert_outcome(plan, SC_kill, (uint64_t)-777, 9, "kernel");
	assert_outcome(plan, SC_pidfd_send_signal, 3, 9, "EPERM");
	plan_free(plan);
	fake_handle(SC_kill, &fake_identity);
	plan = plan_new(&writes, &old);
	assert_outcome(plan, SC_kill, (uint64_t)-1, 9, "EPERM");
	assert_outcome(plan, SC_kill, 500, 9, "EPERM");
	assert_outcome(plan, SC_kill, (uint64_t)-777, 9, "notify");
	assert_outcome(plan, SC_kill, 777, 9, "notify");
	plan_free(plan);
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_kill, 777, 9, "kernel");
	plan_free(plan);
}

Test(plan, follows_changes_of_identity_only_when_they_are_possible)
{
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&writes, &modern);
	assert_outcome(plan, SC_setuid, 0, 0, "kernel");
	assert_outcome(plan, SC_prctl, PR_CAPBSET_DROP, 0, "kernel");
	plan_free(plan);
	plan = plan_new(&writes, &root);
	assert_outcome(plan, SC_setuid, 0, 0, "notify");
	assert_outcome(plan, SC_prctl, PR_CAPBSET_DROP, 0, "notify");
	assert_outcome(plan, SC_prctl, PR_SET_NAME, 0, "kernel");
	/* No handler in the table: an identity that nobody follows is refused. */
	assert_outcome(plan, SC_setresgid, 0, 0, "EPERM");
	plan_free(plan);
}

/* mknod of a character device, as the plan answers it. */
static const struct plan_entry *plan_of_device(const struct plan *plan)
{
	return plan_decide(plan, abi_native(), SC_mknod, (const uint64_t[6]){ 0, S_IFCHR | 0600, 0 });
}

Test(plan, refuses_device_nodes_unless_rules_of_their_own_decide)
{
	static const struct rule allow = { .action = ACTION_ALLOW, .category = CAT_MKCDEV };
	struct policy policy = { .active = CAT_BIT(CAT_READ), .inactive = CAT_BIT(CAT_MKCDEV) };
	struct plan *plan = plan_new(&policy, &modern);

	cr_assert_not_null(plan_of_device(plan));
	cr_assert_eq(plan_of_device(plan)->action, PLAN_REFUSE);
	plan_free(plan);
	policy.rules[CAT_MKCDEV] = &allow;
	policy.counts[CAT_MKCDEV] = 1;
	plan = plan_new(&policy, &modern);
	cr_assert_null(plan_of_device(plan));
	plan_free(plan);
	/* A category that is off has no say, whatever its rules. */
	policy.inactive = 0;
	plan = plan_new(&policy, &modern);
	cr_assert_eq(plan_of_device(plan)->action, PLAN_REFUSE);
	plan_free(plan);
	policy.active = CAT_BIT(CAT_READ) | CAT_BIT(CAT_MKCDEV);
	policy.counts[CAT_MKCDEV] = 0;
	plan = plan_new(&policy, &modern);
	cr_assert_null(plan_of_device(plan));
	plan_free(plan);
}

Test(plan, gives_every_entry_a_reason_and_keeps_calls_together)
{
	const struct policy everything = { .active = CAT_ALL_BITS };
	struct plan *plan;
	enum sysno last = SC_none;

	fake_handle_usual();
	plan = plan_new(&everything, &root);
	for (size_t i = 0; i < plan_count(plan); i++) {
		const struct plan_entry *entry = plan_at(plan, i);

		cr_assert(entry->reason && *entry->reason);
		cr_assert_geq(entry->sysno, last);
		cr_assert_eq(entry->action == PLAN_REFUSE, entry->error > 0);
		last = entry->sysno;
	}
	plan_free(plan);
}

Test(plan, surface_rows_are_whole)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	for (size_t i = 0; i < count; i++) {
		cr_assert(rows[i].sysno != SC_none && rows[i].error >= 0 && rows[i].reason && rows[i].categories);
		cr_assert_eq(rows[i].value & ~rows[i].mask, 0);
		cr_assert_eq(rows[i].is_wide, rows[i].has_condition && rows[i].sysno == SC_unshare);
	}
}
