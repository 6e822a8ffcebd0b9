/*
 * One array from the identity of a call to the handler that answers for it. A call
 * that is not here has no handler.
 */
#include "core/util.h"
#include "handlers/handlers.h"

static const struct handler *const table_handlers[SC_COUNT] = {
	[SC_open] = &handler_open,
	[SC_openat] = &handler_open,
	[SC_openat2] = &handler_open,
	[SC_creat] = &handler_open,

	[SC_stat] = &handler_stat,
	[SC_lstat] = &handler_stat,
	[SC_newfstatat] = &handler_stat,
	[SC_stat64] = &handler_stat,
	[SC_lstat64] = &handler_stat,
	[SC_fstatat64] = &handler_stat,
	[SC_oldstat] = &handler_stat,
	[SC_oldlstat] = &handler_stat,
	[SC_statx] = &handler_statx,
	[SC_fstat] = &handler_fstat,
	[SC_fstat64] = &handler_fstat,
	[SC_oldfstat] = &handler_fstat,
	[SC_access] = &handler_access,
	[SC_faccessat] = &handler_access,
	[SC_faccessat2] = &handler_access,
	[SC_readlink] = &handler_readlink,
	[SC_readlinkat] = &handler_readlink,
	[SC_statfs] = &handler_statfs,
	[SC_statfs64] = &handler_statfs,
	[SC_fstatfs] = &handler_fstatfs,
	[SC_fstatfs64] = &handler_fstatfs,

	[SC_getdents] = &handler_list,
	[SC_getdents64] = &handler_list,
	[SC_readdir] = &handler_list,

	[SC_getxattr] = &handler_xattr_read,
	[SC_lgetxattr] = &handler_xattr_read,
	[SC_fgetxattr] = &handler_fxattr_read,
	[SC_listxattr] = &handler_xattr_read,
	[SC_llistxattr] = &handler_xattr_read,
	[SC_flistxattr] = &handler_fxattr_read,
	[SC_setxattr] = &handler_xattr_write,
	[SC_lsetxattr] = &handler_xattr_write,
	[SC_fsetxattr] = &handler_fxattr_write,
	[SC_removexattr] = &handler_xattr_write,
	[SC_lremovexattr] = &handler_xattr_write,
	[SC_fremovexattr] = &handler_fxattr_write,
	[SC_getxattrat] = &handler_xattr_read,
	[SC_listxattrat] = &handler_xattr_read,
	[SC_setxattrat] = &handler_xattr_write,
	[SC_removexattrat] = &handler_xattr_write,
	[SC_file_getattr] = &handler_file_getattr,
	[SC_file_setattr] = &handler_file_setattr,

	[SC_chmod] = &handler_chmod,
	[SC_fchmodat] = &handler_chmod,
	[SC_fchmodat2] = &handler_chmod,
	[SC_fchmod] = &handler_fchmod,
	[SC_chown] = &handler_chown,
	[SC_chown32] = &handler_chown,
	[SC_lchown] = &handler_chown,
	[SC_lchown32] = &handler_chown,
	[SC_fchownat] = &handler_chown,
	[SC_fchown] = &handler_fchown,
	[SC_fchown32] = &handler_fchown,
	[SC_utime] = &handler_utime,
	[SC_utimes] = &handler_utime,
	[SC_futimesat] = &handler_utime,
	[SC_utimensat] = &handler_utime,
	[SC_utimensat_time64] = &handler_utime,

	[SC_truncate] = &handler_truncate,
	[SC_truncate64] = &handler_truncate,
	[SC_ftruncate] = &handler_ftruncate,
	[SC_ftruncate64] = &handler_ftruncate,
	[SC_fallocate] = &handler_fallocate,

	[SC_mkdir] = &handler_mkdir,
	[SC_mkdirat] = &handler_mkdir,
	[SC_rmdir] = &handler_rmdir,
	[SC_unlink] = &handler_unlink,
	[SC_unlinkat] = &handler_unlinkat,
	[SC_symlink] = &handler_symlink,
	[SC_symlinkat] = &handler_symlink,
	[SC_rename] = &handler_rename,
	[SC_renameat] = &handler_rename,
	[SC_renameat2] = &handler_rename,
	[SC_link] = &handler_link,
	[SC_linkat] = &handler_link,
	[SC_mknod] = &handler_mknod,
	[SC_mknodat] = &handler_mknod,

	[SC_memfd_create] = &handler_memfd,
	[SC_memfd_secret] = &handler_memfd_secret,
	[SC_bind] = &handler_bind,
	[SC_listen] = &handler_listen,
	[SC_getsockname] = &handler_getsockname,
	[SC_getpeername] = &handler_getsockname,
	[SC_connect] = &handler_connect,
	[SC_accept] = &handler_accept,
	[SC_accept4] = &handler_accept,
	[SC_sendto] = &handler_sendto,
	[SC_sendmsg] = &handler_sendmsg,
	[SC_sendmmsg] = &handler_sendmsg,
	[SC_socket] = &handler_socket,
	[SC_socketcall] = &handler_socketcall,
	[SC_inotify_add_watch] = &handler_inotify,
	[SC_fanotify_mark] = &handler_fanotify,
	[SC_ioctl] = &handler_ioctl,
	[SC_fcntl] = &handler_fcntl,
	[SC_fcntl64] = &handler_fcntl,

	[SC_chdir] = &handler_chdir,
	[SC_fchdir] = &handler_chdir,
	[SC_execve] = &handler_exec,
	[SC_execveat] = &handler_exec,
	[SC_mmap] = &handler_mmap,
	[SC_mmap2] = &handler_mmap,
	[SC_old_mmap] = &handler_mmap,
	[SC_mprotect] = &handler_mprotect,
	[SC_mremap] = &handler_mremap,
	[SC_pkey_mprotect] = &handler_mprotect,

	[SC_setrlimit] = &handler_rlimit,
	[SC_prlimit64] = &handler_rlimit,

	[SC_setuid] = &handler_identity,
	[SC_setreuid] = &handler_identity,
	[SC_setresuid] = &handler_identity,
	[SC_setfsuid] = &handler_identity,
	[SC_setgid] = &handler_identity,
	[SC_setregid] = &handler_identity,
	[SC_setresgid] = &handler_identity,
	[SC_setfsgid] = &handler_identity,
	[SC_setgroups] = &handler_identity,
	[SC_setuid32] = &handler_identity,
	[SC_setreuid32] = &handler_identity,
	[SC_setresuid32] = &handler_identity,
	[SC_setfsuid32] = &handler_identity,
	[SC_setgid32] = &handler_identity,
	[SC_setregid32] = &handler_identity,
	[SC_setresgid32] = &handler_identity,
	[SC_setfsgid32] = &handler_identity,
	[SC_setgroups32] = &handler_identity,
	[SC_capset] = &handler_identity,
	[SC_prctl] = &handler_identity,
	[SC_kill] = &handler_signal,
	[SC_tkill] = &handler_signal,
	[SC_tgkill] = &handler_signal,
	[SC_rt_sigqueueinfo] = &handler_signal,
	[SC_rt_tgsigqueueinfo] = &handler_signal,
};

const struct handler *handler_find(enum sysno sysno)
{
	return (size_t)sysno < ARRAY_SIZE(table_handlers) ? table_handlers[sysno] : NULL;
}

const struct handler *handler_traced(enum sysno sysno)
{
	const struct handler *handler = handler_find(sysno);

	/* Notified where ids are only followed, traced where the policy names their transitions. */
	if (sysno == SC_setgroups || sysno == SC_setgroups32)
		return &handler_setgroups;
	return handler && (handler->flags & H_TRACE) ? handler : NULL;
}
