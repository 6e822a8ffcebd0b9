/*
 * The table of refused surface: one row for each call or argument value, with its
 * errno (ENOSYS where libc or the program falls back to an older call) and the reason that
 * kennel plan prints. Data only; core/plan.c reads it.
 */
#include "core/surface.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/ioctl_number.h"
#include "core/policy_net.h"
#include "core/reason.h"
#include "core/unsafe.h"
#include "core/util.h"

#define INT_MASK UINT64_C(0xffffffff)
#define SEE_BITS (CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK))
#define ATTRIBUTE_BITS (CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CHATTR))
#define PATH_BITS (CAT_ALL_BITS & ~POLICY_NET_BITS)
#define NAME_BITS (ATTRIBUTE_BITS | CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_RMDIR))

#define PERSONALITY_QUERY 0xffffffff

#define LIST_BITS (SEE_BITS | CAT_BIT(CAT_LIST))

#define CONDITION(arg_, mask_, value_) \
	.has_condition = true, .is_wide = (uint64_t)(mask_) > INT_MASK, .arg = (arg_), .mask = (uint32_t)(mask_), \
	.value = (uint32_t)(value_)
#define ALWAYS(name, error_, why) \
	{ \
		.sysno = SC_##name, .error = (error_), .categories = CAT_ALL_BITS, .reason = (why) \
	}
#define UNLESS(option, name, error_, why) \
	{ \
		.sysno = SC_##name, .error = (error_), .categories = CAT_ALL_BITS, \
		.given_by = UNSAFE_BIT(UNSAFE_##option), .reason = (why) \
	}
#define UNLESS_INT(option, name, error_, arg_, value_, why) \
	{ \
		.sysno = SC_##name, .error = (error_), .categories = CAT_ALL_BITS, \
		.given_by = UNSAFE_BIT(UNSAFE_##option), CONDITION(arg_, INT_MASK, value_), .reason = (why) \
	}
#define WHILE(name, error_, bits, why) \
	{ \
		.sysno = SC_##name, .error = (error_), .categories = (bits), .reason = (why) \
	}
#define WHEN(name, error_, bits, arg_, mask_, value_, why) \
	{ \
		.sysno = SC_##name, .error = (error_), .categories = (bits), CONDITION(arg_, mask_, value_), \
		.reason = (why) \
	}
#define INT_IS(name, error_, bits, arg_, value_, why) WHEN(name, error_, bits, arg_, INT_MASK, value_, why)
#define DEVICE(name, arg_, type, category) \
	{ \
		.sysno = SC_##name, .error = EPERM, .categories = CAT_ALL_BITS, .unless = CAT_BIT(category), \
		CONDITION(arg_, S_IFMT, type), .reason = REASON("a device reaches the machine behind every rule") \
	}
/* EOPNOTSUPP: programs then do without, or call fallocate. */
#define CUTS(request) INT_IS(ioctl, EOPNOTSUPP, CAT_BIT(CAT_TRUNCATE), 1, request, cutting)
#define TELLS(request) INT_IS(ioctl, ENOTTY, LIST_BITS, 1, request, telling)
#define BITS_ARE(name, arg_, mask_, value_, why) WHEN(name, EPERM, CAT_ALL_BITS, arg_, mask_, value_, why)
#define TYPING(request) \
	{ \
		.sysno = SC_ioctl, .error = EPERM, .categories = CAT_ALL_BITS, CONDITION(1, INT_MASK, request), \
		.ruled = true, .reason = typing \
	}
#define UNSHARED_INSIDE ((uint64_t)(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
#define CLONE_FLAG(flag) \
	WHEN(clone, EPERM, CAT_ALL_BITS, PLAN_ARG_CLONE_FLAGS, flag, flag, \
		REASON("new namespaces change what names mean"))

/* Requests, most of single filesystems, whose headers the oldest distribution does not have in full. */
enum {
	REQUEST_BTRFS_SNAP_CREATE = IOCTL_MADE(0x50009401),
	REQUEST_BTRFS_SUBVOL_CREATE = IOCTL_MADE(0x5000940e),
	REQUEST_BTRFS_SNAP_DESTROY = IOCTL_MADE(0x5000940f),
	REQUEST_BTRFS_SNAP_CREATE_V2 = IOCTL_MADE(0x50009417),
	REQUEST_BTRFS_SUBVOL_CREATE_V2 = IOCTL_MADE(0x50009418),
	REQUEST_BTRFS_SNAP_DESTROY_V2 = IOCTL_MADE(0x5000943f),
	REQUEST_BTRFS_SUBVOL_SETFLAGS = IOCTL_MADE(0x4008941a),
	REQUEST_BTRFS_SET_RECEIVED_SUBVOL = IOCTL_MADE(0xc0c89425),
	REQUEST_BTRFS_SET_RECEIVED_SUBVOL_32 = IOCTL_MADE(0xc0c09425),
	REQUEST_SET_ENCRYPTION_POLICY = IOCTL_MADE(0x800c6613),
	REQUEST_ADD_ENCRYPTION_KEY = IOCTL_MADE(0xc0506617),
	REQUEST_REMOVE_ENCRYPTION_KEY = IOCTL_MADE(0xc0406618),
	REQUEST_REMOVE_ENCRYPTION_KEY_OF_ALL = IOCTL_MADE(0xc0406619),
	REQUEST_EXT4_RESIZE = IOCTL_MADE(0x40086610),
	REQUEST_EXT4_GROUP_EXTEND = IOCTL_MADE(0x40086607),
	REQUEST_EXT4_GROUP_EXTEND_32 = IOCTL_MADE(0x40046607),
	REQUEST_EXT4_GROUP_ADD = IOCTL_MADE(0x40286608),
	REQUEST_EXT4_GROUP_ADD_32 = IOCTL_MADE(0x40246608),
	REQUEST_FAT_SET_ATTRIBUTES = IOCTL_MADE(0x40047211),
	REQUEST_ENABLE_VERITY = IOCTL_MADE(0x40806685),
	REQUEST_SETVERSION = IOCTL_MADE(0x40087602),
	REQUEST_SETVERSION_32 = IOCTL_MADE(0x40047602),
	REQUEST_EXT4_SETVERSION = IOCTL_MADE(0x40086604),
	REQUEST_EXT4_SETVERSION_32 = IOCTL_MADE(0x40046604),
	REQUEST_KDSKBENT = 0x4b47, /* what the keys of a console type */
	REQUEST_KDSKBSENT = 0x4b49,
	REQUEST_FREEZE = IOCTL_MADE(0xc0045877),
	REQUEST_THAW = IOCTL_MADE(0xc0045878),
	REQUEST_USERFAULTFD_NEW = IOCTL_MADE(0xaa00),
	/* What fallocate does, and less careful cousins: struct space_resv has 48 bytes, 44 for i386. */
	REQUEST_XFS_ALLOCSP = IOCTL_MADE(0x4030580a),
	REQUEST_XFS_ALLOCSP_32 = IOCTL_MADE(0x402c580a),
	REQUEST_XFS_FREESP = IOCTL_MADE(0x4030580b),
	REQUEST_XFS_FREESP_32 = IOCTL_MADE(0x402c580b),
	REQUEST_XFS_ALLOCSP64 = IOCTL_MADE(0x40305824),
	REQUEST_XFS_ALLOCSP64_32 = IOCTL_MADE(0x402c5824),
	REQUEST_XFS_FREESP64 = IOCTL_MADE(0x40305825),
	REQUEST_XFS_FREESP64_32 = IOCTL_MADE(0x402c5825),
	REQUEST_RESVSP = IOCTL_MADE(0x40305828),
	REQUEST_RESVSP_32 = IOCTL_MADE(0x402c5828),
	REQUEST_UNRESVSP = IOCTL_MADE(0x40305829),
	REQUEST_UNRESVSP_32 = IOCTL_MADE(0x402c5829),
	REQUEST_RESVSP64 = IOCTL_MADE(0x4030582a),
	REQUEST_RESVSP64_32 = IOCTL_MADE(0x402c582a),
	REQUEST_UNRESVSP64 = IOCTL_MADE(0x4030582b),
	REQUEST_UNRESVSP64_32 = IOCTL_MADE(0x402c582b),
	REQUEST_ZERO_RANGE = IOCTL_MADE(0x40305839),
	REQUEST_ZERO_RANGE_32 = IOCTL_MADE(0x402c5839),
	REQUEST_EXT4_MOVE_EXT = IOCTL_MADE(0xc028660f),
	REQUEST_EXT4_SWAP_BOOT = IOCTL_MADE(0x6611),
	REQUEST_F2FS_MOVE_RANGE = IOCTL_MADE(0xc020f509),
	REQUEST_F2FS_MOVE_RANGE_32 = IOCTL_MADE(0xc01cf509),
	REQUEST_F2FS_SEC_TRIM = IOCTL_MADE(0x4018f514),
	REQUEST_F2FS_ATOMIC_REPLACE = IOCTL_MADE(0xf519),
	/* What tells names without reading a directory. */
	REQUEST_FAT_READDIR_BOTH = IOCTL_MADE(0x82307201),
	REQUEST_FAT_READDIR_BOTH_32 = IOCTL_MADE(0x82187201),
	REQUEST_FAT_READDIR_SHORT = IOCTL_MADE(0x82307202),
	REQUEST_FAT_READDIR_SHORT_32 = IOCTL_MADE(0x82187202),
	REQUEST_BTRFS_TREE_SEARCH = IOCTL_MADE(0xd0009411),
	REQUEST_BTRFS_TREE_SEARCH_V2 = IOCTL_MADE(0xc0709411),
	REQUEST_BTRFS_INO_LOOKUP = IOCTL_MADE(0xd0009412),
	REQUEST_BTRFS_INO_PATHS = IOCTL_MADE(0xc0389423),
	REQUEST_BTRFS_INO_LOOKUP_USER = IOCTL_MADE(0xd000943e),
	REQUEST_XFS_PATH_TO_FSHANDLE = IOCTL_MADE(0xc0385868), /* these two look up any name, of any filesystem */
	REQUEST_XFS_PATH_TO_FSHANDLE_32 = IOCTL_MADE(0xc01c5868),
	REQUEST_XFS_PATH_TO_HANDLE = IOCTL_MADE(0xc0385869),
	REQUEST_XFS_PATH_TO_HANDLE_32 = IOCTL_MADE(0xc01c5869),
	REQUEST_OCFS2_REFLINK = IOCTL_MADE(0x40186f04), /* of any two names */
	REQUEST_BCACHEFS_SUBVOL_CREATE = IOCTL_MADE(0x4020bc10),
	REQUEST_BCACHEFS_SUBVOL_DESTROY = IOCTL_MADE(0x4020bc11),
	REQUEST_XFS_GETPARENTS = IOCTL_MADE(0xc028583e),
	REQUEST_XFS_GETPARENTS_BY_HANDLE = IOCTL_MADE(0xc040583f),
	/* Faults in the program's own code only: the supervisor gets an error, and does not wait. */
	FAULTS_OF_USER_ONLY = 1,
	/* Of ioprio_set. */
	IOPRIO_USER = 3,
	/* Flags of fanotify_init, newer than some headers: events with pidfds, and of mounts. */
	WATCH_PIDFD = 0x80,
	WATCH_MNT = 0x4000,
	/* _IOWR('X', 107, struct xfs_fsop_handlereq): 56 bytes, 28 for i386. */
	REQUEST_XFS_OPEN_BY_HANDLE = IOCTL_MADE(0xc038586b),
	REQUEST_XFS_OPEN_BY_HANDLE_32 = IOCTL_MADE(0xc01c586b),
};

static const char ring[] = REASON("calls made through io_uring pass no filter");
static const char mounts[] = REASON("mounting changes what names mean");
static const char handles[] = REASON("a file handle reaches files without a name");
static const char roots[] = REASON("another root changes what names mean");
static const char spaces[] = REASON("another namespace changes what names mean");
static const char others[] = REASON("reaches into the memory or descriptors of other processes");
static const char itself[] = REASON("concerns the caller itself");
static const char keys[] = REASON("keys belong to the user, not to the sandbox");
static const char usual[] = REASON("weakens nothing");
static const char users[] = REASON("reaches every process of the user");
static const char clocks[] = REASON("the clock is the machine's");
static const char ports[] = REASON("reaches the machine past the kernel");
static const char old[] = REASON("a call that only old programs make");
static const char code[] = REASON("loads code into the kernel");
static const char devices[] = REASON("writes to files or devices from inside the kernel");
static const char untraced[] = REASON("what is not traced passes by the checks of those that are");
static const char memory_flags[] = REASON("clone3 keeps its flags in memory, where they cannot be judged");
static const char domains[] = REASON("the supervisor acts outside of a domain that the program gives itself");
static const char asynchronous[] = REASON("lets the kernel send signals to the supervisor");
static const char attributes[] = REASON("changes attributes through a descriptor opened for reading");
static const char watching[] = REASON("holds up who opens files, or opens them itself, or watches more than a name");
static const char faults[] = REASON("page faults that the program serves would hold up the supervisor");
static const char snapshots[] = REASON("gives files second names, which other rules match");
static const char subvolumes[] = REASON("makes or removes names through a descriptor opened for reading");
static const char freezing[] = REASON("stops or starts all writing to a filesystem");
static const char lists_mounts[] = REASON("shows mounts whose names are hidden");
static const char cutting[] = REASON("cuts or replaces what is in a file, past the rules of truncate");
static const char telling[] = REASON("tells names of a directory, past the rules of list");
static const char typing[] = REASON("types into a terminal that others read");

static const struct surface_row rows[] = {
	ALWAYS(io_uring_setup, ENOSYS, ring),
	ALWAYS(io_uring_enter, ENOSYS, ring),
	ALWAYS(io_uring_register, ENOSYS, ring),
	ALWAYS(open_tree, ENOSYS, mounts),
	ALWAYS(open_tree_attr, ENOSYS, mounts),
	ALWAYS(move_mount, ENOSYS, mounts),
	ALWAYS(fsopen, ENOSYS, mounts),
	ALWAYS(fsconfig, ENOSYS, mounts),
	ALWAYS(fsmount, ENOSYS, mounts),
	ALWAYS(fspick, ENOSYS, mounts),
	ALWAYS(mount_setattr, ENOSYS, mounts),
	ALWAYS(mount, EPERM, mounts),
	ALWAYS(umount, EPERM, mounts),
	ALWAYS(umount2, EPERM, mounts),
	ALWAYS(open_by_handle_at, EPERM, handles),
	ALWAYS(name_to_handle_at, EOPNOTSUPP, handles),
	ALWAYS(chroot, EPERM, roots),
	ALWAYS(pivot_root, EPERM, roots),
	ALWAYS(setns, EPERM, spaces),
	WHEN(unshare, 0, CAT_ALL_BITS, 0, ~UNSHARED_INSIDE, 0, itself),
	ALWAYS(unshare, EPERM, spaces),
	CLONE_FLAG(CLONE_NEWNS),
	CLONE_FLAG(CLONE_NEWCGROUP),
	CLONE_FLAG(CLONE_NEWUTS),
	CLONE_FLAG(CLONE_NEWIPC),
	CLONE_FLAG(CLONE_NEWUSER),
	CLONE_FLAG(CLONE_NEWPID),
	CLONE_FLAG(CLONE_NEWNET),
	WHEN(clone, EPERM, CAT_ALL_BITS, PLAN_ARG_CLONE_FLAGS, CLONE_UNTRACED, CLONE_UNTRACED, untraced),
	ALWAYS(clone3, ENOSYS, memory_flags),
	UNLESS(PTRACE, ptrace, EPERM, others),
	UNLESS(PTRACE, process_vm_readv, EPERM, others),
	UNLESS(PTRACE, process_vm_writev, EPERM, others),
	ALWAYS(pidfd_getfd, EPERM, others),
	UNLESS(PTRACE, process_madvise, EPERM, others),
	UNLESS(PTRACE, kcmp, EPERM, others),
	UNLESS_INT(PTRACE, move_pages, 0, 0, 0, itself),
	UNLESS(PTRACE, move_pages, EPERM, others),
	UNLESS_INT(PTRACE, migrate_pages, 0, 0, 0, itself),
	UNLESS(PTRACE, migrate_pages, EPERM, others),
	UNLESS(PERF, perf_event_open, EACCES, REASON("watches the kernel and other processes")),
	UNLESS(KEYRING, keyctl, ENOSYS, keys),
	UNLESS(KEYRING, add_key, ENOSYS, keys),
	UNLESS(KEYRING, request_key, ENOSYS, keys),
	UNLESS_INT(PERSONALITY, personality, 0, 0, PERSONALITY_QUERY, usual),
	UNLESS_INT(PERSONALITY, personality, 0, 0, PER_LINUX, usual),
	UNLESS_INT(PERSONALITY, personality, 0, 0, PER_LINUX32, usual),
	UNLESS_INT(PERSONALITY, personality, 0, 0, PER_LINUX | UNAME26, usual),
	UNLESS_INT(PERSONALITY, personality, 0, 0, PER_LINUX32 | UNAME26, usual),
	UNLESS(PERSONALITY, personality, EPERM, REASON("weakens how memory is laid out and protected")),
	UNLESS_INT(PRCTL, prctl, EPERM, 0, PR_SET_MM, REASON("changes what /proc says of the process")),
	UNLESS_INT(NICE, setpriority, EPERM, 0, PRIO_USER, users),
	UNLESS_INT(NICE, ioprio_set, EPERM, 0, IOPRIO_USER, users),
	UNLESS(REBOOT, reboot, EPERM, REASON("ends the machine")),
	UNLESS(TIME, settimeofday, EPERM, clocks),
	UNLESS(TIME, clock_settime, EPERM, clocks),
	UNLESS(TIME, clock_settime64, EPERM, clocks),
	UNLESS(TIME, stime, EPERM, clocks),
	UNLESS(SYSLOG, syslog, EPERM, REASON("the kernel's log tells of everybody")),
	UNLESS(RAWIO, iopl, EPERM, ports),
	UNLESS(RAWIO, ioperm, EPERM, ports),
	UNLESS(RAWIO, rtas, EPERM, ports),
	UNLESS(RAWIO, pciconfig_read, EPERM, ports),
	UNLESS(RAWIO, pciconfig_write, EPERM, ports),
	UNLESS(RAWIO, pciconfig_iobase, EPERM, ports),
	UNLESS(LEGACY, modify_ldt, ENOSYS, old),
	UNLESS(LEGACY, vm86, ENOSYS, old),
	UNLESS(LEGACY, vm86old, ENOSYS, old),
	UNLESS(LEGACY, ustat, ENOSYS, old),
	UNLESS(LEGACY, lookup_dcookie, ENOSYS, old),
	ALWAYS(bpf, EPERM, code),
	ALWAYS(kexec_load, EPERM, code),
	ALWAYS(kexec_file_load, EPERM, code),
	ALWAYS(init_module, EPERM, code),
	ALWAYS(finit_module, EPERM, code),
	ALWAYS(delete_module, EPERM, code),
	ALWAYS(uselib, ENOSYS, REASON("maps a file by its name")),
	ALWAYS(acct, EPERM, devices),
	ALWAYS(swapon, EPERM, devices),
	ALWAYS(swapoff, EPERM, devices),
	ALWAYS(quotactl, EPERM, devices),
	ALWAYS(quotactl_fd, EPERM, devices),
	BITS_ARE(fanotify_init, 0, FAN_CLASS_CONTENT, FAN_CLASS_CONTENT, watching),
	BITS_ARE(fanotify_init, 0, FAN_CLASS_PRE_CONTENT, FAN_CLASS_PRE_CONTENT, watching),
	BITS_ARE(fanotify_init, 0, FAN_REPORT_FID | FAN_REPORT_DIR_FID, 0, watching),
	BITS_ARE(fanotify_init, 0, WATCH_PIDFD, WATCH_PIDFD, watching),
	BITS_ARE(fanotify_init, 0, WATCH_MNT, WATCH_MNT, watching),
	BITS_ARE(fanotify_mark, 1, FAN_MARK_MOUNT, FAN_MARK_MOUNT, watching),
	BITS_ARE(fanotify_mark, 1, FAN_MARK_FILESYSTEM, FAN_MARK_FILESYSTEM, watching),
	WHEN(userfaultfd, EPERM, CAT_ALL_BITS, 0, FAULTS_OF_USER_ONLY, 0, faults),
	UNLESS(USERFAULTFD, userfaultfd, EPERM, faults),
	DEVICE(mknod, 1, S_IFBLK, CAT_MKBDEV),
	DEVICE(mknod, 1, S_IFCHR, CAT_MKCDEV),
	DEVICE(mknodat, 2, S_IFBLK, CAT_MKBDEV),
	DEVICE(mknodat, 2, S_IFCHR, CAT_MKCDEV),
	ALWAYS(landlock_create_ruleset, ENOSYS, domains),
	ALWAYS(landlock_add_rule, ENOSYS, domains),
	ALWAYS(landlock_restrict_self, ENOSYS, domains),
	INT_IS(fcntl, EPERM, CAT_ALL_BITS, 1, F_SETOWN, asynchronous),
	INT_IS(fcntl, EPERM, CAT_ALL_BITS, 1, F_SETOWN_EX, asynchronous),
	INT_IS(fcntl, EPERM, CAT_ALL_BITS, 1, F_SETSIG, asynchronous),
	INT_IS(fcntl64, EPERM, CAT_ALL_BITS, 1, F_SETOWN, asynchronous),
	INT_IS(fcntl64, EPERM, CAT_ALL_BITS, 1, F_SETOWN_EX, asynchronous),
	INT_IS(fcntl64, EPERM, CAT_ALL_BITS, 1, F_SETSIG, asynchronous),
	TYPING(TIOCSTI),
	TYPING(TIOCLINUX),
	TYPING(REQUEST_KDSKBENT),
	TYPING(REQUEST_KDSKBSENT),
	INT_IS(ioctl, EPERM, CAT_ALL_BITS, 1, FIOSETOWN, asynchronous),
	INT_IS(ioctl, EPERM, CAT_ALL_BITS, 1, SIOCSPGRP, asynchronous),
	INT_IS(ioctl, EPERM, CAT_ALL_BITS, 1, REQUEST_USERFAULTFD_NEW, faults),
	INT_IS(ioctl, EPERM, CAT_ALL_BITS, 1, REQUEST_XFS_OPEN_BY_HANDLE, handles),
	INT_IS(ioctl, EPERM, CAT_ALL_BITS, 1, REQUEST_XFS_OPEN_BY_HANDLE_32, handles),
	INT_IS(ioctl, EPERM, PATH_BITS, 1, REQUEST_BTRFS_SNAP_CREATE, snapshots),
	INT_IS(ioctl, EPERM, PATH_BITS, 1, REQUEST_BTRFS_SNAP_CREATE_V2, snapshots),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SUBVOL_CREATE, subvolumes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SUBVOL_CREATE_V2, subvolumes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SNAP_DESTROY, subvolumes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SNAP_DESTROY_V2, subvolumes),
	INT_IS(ioctl, EPERM, PATH_BITS, 1, REQUEST_BCACHEFS_SUBVOL_CREATE, snapshots),
	INT_IS(ioctl, EPERM, PATH_BITS, 1, REQUEST_OCFS2_REFLINK, snapshots),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BCACHEFS_SUBVOL_DESTROY, subvolumes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SUBVOL_SETFLAGS, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SET_RECEIVED_SUBVOL, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_BTRFS_SET_RECEIVED_SUBVOL_32, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_SET_ENCRYPTION_POLICY, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_FAT_SET_ATTRIBUTES, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_ADD_ENCRYPTION_KEY, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_REMOVE_ENCRYPTION_KEY, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_REMOVE_ENCRYPTION_KEY_OF_ALL, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_RESIZE, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_GROUP_EXTEND, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_GROUP_EXTEND_32, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_GROUP_ADD, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_GROUP_ADD_32, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_ENABLE_VERITY, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_SETVERSION, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_SETVERSION_32, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_SETVERSION, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_EXT4_SETVERSION_32, attributes),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_FREEZE, freezing),
	INT_IS(ioctl, EPERM, NAME_BITS, 1, REQUEST_THAW, freezing),
	INT_IS(ioctl, EPERM, ATTRIBUTE_BITS, 1, FS_IOC_SETFLAGS, attributes),
	INT_IS(ioctl, EPERM, ATTRIBUTE_BITS, 1, FS_IOC32_SETFLAGS, attributes),
	INT_IS(ioctl, EPERM, ATTRIBUTE_BITS, 1, FS_IOC_FSSETXATTR, attributes),
	CUTS(REQUEST_XFS_ALLOCSP),
	CUTS(REQUEST_XFS_ALLOCSP_32),
	CUTS(REQUEST_XFS_FREESP),
	CUTS(REQUEST_XFS_FREESP_32),
	CUTS(REQUEST_XFS_ALLOCSP64),
	CUTS(REQUEST_XFS_ALLOCSP64_32),
	CUTS(REQUEST_XFS_FREESP64),
	CUTS(REQUEST_XFS_FREESP64_32),
	CUTS(REQUEST_RESVSP),
	CUTS(REQUEST_RESVSP_32),
	CUTS(REQUEST_UNRESVSP),
	CUTS(REQUEST_UNRESVSP_32),
	CUTS(REQUEST_RESVSP64),
	CUTS(REQUEST_RESVSP64_32),
	CUTS(REQUEST_UNRESVSP64),
	CUTS(REQUEST_UNRESVSP64_32),
	CUTS(REQUEST_ZERO_RANGE),
	CUTS(REQUEST_ZERO_RANGE_32),
	CUTS(REQUEST_EXT4_MOVE_EXT),
	CUTS(REQUEST_EXT4_SWAP_BOOT),
	CUTS(REQUEST_F2FS_MOVE_RANGE),
	CUTS(REQUEST_F2FS_MOVE_RANGE_32),
	CUTS(REQUEST_F2FS_SEC_TRIM),
	CUTS(REQUEST_F2FS_ATOMIC_REPLACE),
	TELLS(REQUEST_FAT_READDIR_BOTH),
	TELLS(REQUEST_FAT_READDIR_BOTH_32),
	TELLS(REQUEST_FAT_READDIR_SHORT),
	TELLS(REQUEST_FAT_READDIR_SHORT_32),
	TELLS(REQUEST_BTRFS_TREE_SEARCH),
	TELLS(REQUEST_BTRFS_TREE_SEARCH_V2),
	TELLS(REQUEST_BTRFS_INO_LOOKUP),
	TELLS(REQUEST_BTRFS_INO_PATHS),
	TELLS(REQUEST_BTRFS_INO_LOOKUP_USER),
	TELLS(REQUEST_XFS_PATH_TO_FSHANDLE),
	TELLS(REQUEST_XFS_PATH_TO_FSHANDLE_32),
	TELLS(REQUEST_XFS_PATH_TO_HANDLE),
	TELLS(REQUEST_XFS_PATH_TO_HANDLE_32),
	TELLS(REQUEST_XFS_GETPARENTS),
	TELLS(REQUEST_XFS_GETPARENTS_BY_HANDLE),
	WHILE(statmount, ENOSYS, SEE_BITS, lists_mounts),
	WHILE(listmount, ENOSYS, SEE_BITS, lists_mounts),
};

const struct surface_row *surface_rows(size_t *count_out)
{
	*count_out = ARRAY_SIZE(rows);
	return rows;
}

struct plan_condition surface_condition(const struct surface_row *row)
{
	uint64_t upper = row->is_wide ? ~INT_MASK : 0;

	return (struct plan_condition){ .arg = row->arg, .mask = upper | row->mask, .value = row->value };
}
