/*
 * The descriptors of all handlers, for table.c. One family of calls per file.
 */
#ifndef KENNEL_HANDLERS_HANDLERS_H
#define KENNEL_HANDLERS_HANDLERS_H

#include "handlers/handler.h"

/* open.c, ids.c */
extern const struct handler handler_open, handler_identity, handler_rlimit;

/* stat.c, access.c, readlink.c, statfs.c; the f forms concern no path */
extern const struct handler handler_stat, handler_statx, handler_fstat;
extern const struct handler handler_access, handler_readlink;
extern const struct handler handler_statfs, handler_fstatfs;

/* xattr.c, fileattr.c, attr.c, utime.c */
extern const struct handler handler_xattr_read, handler_fxattr_read;
extern const struct handler handler_xattr_write, handler_fxattr_write;
extern const struct handler handler_file_getattr, handler_file_setattr;
extern const struct handler handler_chmod, handler_fchmod;
extern const struct handler handler_chown, handler_fchown;
extern const struct handler handler_utime;

/* truncate.c */
extern const struct handler handler_truncate, handler_ftruncate, handler_fallocate;

/* namei.c, rename.c, node.c */
extern const struct handler handler_mkdir, handler_symlink;
extern const struct handler handler_unlink, handler_rmdir, handler_unlinkat;
extern const struct handler handler_rename, handler_link;
extern const struct handler handler_mknod;

/* list.c, ioctl.c, fcntl.c */
extern const struct handler handler_list, handler_ioctl, handler_fcntl;

/* memfd.c, socket.c, inotify.c, fanotify.c */
extern const struct handler handler_memfd, handler_memfd_secret;
extern const struct handler handler_listen, handler_getsockname;
extern const struct handler handler_bind, handler_connect, handler_accept, handler_sendto, handler_sendmsg;
extern const struct handler handler_socket, handler_socketcall;
extern const struct handler handler_inotify, handler_fanotify;

/* chdir.c, exec.c, mmap.c, setgroups.c: in a ptrace stop */
extern const struct handler handler_chdir, handler_exec;
extern const struct handler handler_mmap, handler_mprotect, handler_mremap;
extern const struct handler handler_setgroups;
extern const struct handler handler_signal;

#endif
