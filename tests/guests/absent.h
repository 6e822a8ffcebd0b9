/*
 * The calls that some machine does not have, each with the number that no kernel knows. Part of calls.h, which says
 * what that number is.
 */
#ifndef KENNEL_TESTS_GUESTS_ABSENT_H
#define KENNEL_TESTS_GUESTS_ABSENT_H

/* What the newest architectures (arm64, riscv64) have only in the forms that begin at a directory. */
#ifndef SYS_open
#define SYS_open CALL_NONE
#define SYS_creat CALL_NONE
#define SYS_stat CALL_NONE
#define SYS_lstat CALL_NONE
#define SYS_access CALL_NONE
#define SYS_readlink CALL_NONE
#define SYS_mkdir CALL_NONE
#define SYS_rmdir CALL_NONE
#define SYS_unlink CALL_NONE
#define SYS_link CALL_NONE
#define SYS_symlink CALL_NONE
#define SYS_rename CALL_NONE
#define SYS_mknod CALL_NONE
#define SYS_chmod CALL_NONE
#define SYS_chown CALL_NONE
#define SYS_lchown CALL_NONE
#define SYS_utimes CALL_NONE
#define SYS_futimesat CALL_NONE
#define SYS_getdents CALL_NONE
#define SYS_dup2 CALL_NONE
#define SYS_ustat CALL_NONE
#endif

/* What only some have: old calls, one of two that do the same, and what a processor needs. */
#ifndef SYS_accept
#define SYS_accept CALL_NONE
#endif
#ifndef SYS_ioperm
#define SYS_ioperm CALL_NONE
#endif
#ifndef SYS_iopl
#define SYS_iopl CALL_NONE
#endif
#ifndef SYS_mmap
#define SYS_mmap CALL_NONE
#endif
/* Others have its number, and no call. */
#if !defined(__x86_64__) && !defined(__i386__)
#undef SYS_modify_ldt
#endif
#ifndef SYS_modify_ldt
#define SYS_modify_ldt CALL_NONE
#endif
#ifndef SYS_newfstatat
#define SYS_newfstatat CALL_NONE
#endif
#ifndef SYS_readdir
#define SYS_readdir CALL_NONE
#endif
#ifndef SYS_renameat
#define SYS_renameat CALL_NONE
#endif
#ifndef SYS_stime
#define SYS_stime CALL_NONE
#endif
#ifndef SYS_utime
#define SYS_utime CALL_NONE
#endif
#ifndef SYS_utimensat_time64
#define SYS_utimensat_time64 CALL_NONE
#endif
#ifndef SYS_oldstat
#define SYS_oldstat CALL_NONE
#define SYS_oldlstat CALL_NONE
#define SYS_oldfstat CALL_NONE
#endif
#ifndef SYS_chown32
#define SYS_chown32 CALL_NONE
#define SYS_fchown32 CALL_NONE
#endif
#ifndef SYS_truncate64
#define SYS_truncate64 CALL_NONE
#define SYS_ftruncate64 CALL_NONE
#endif
#ifndef SYS_statfs64
#define SYS_statfs64 CALL_NONE
#define SYS_fstatfs64 CALL_NONE
#endif

#endif
