/*
 * System calls by their numbers, for guests that make them raw. A call that this machine does not have gets one number
 * that no kernel knows, so that it gives ENOSYS; CALL_HAS tells them apart. Part of guest.h.
 */
#ifndef KENNEL_TESTS_GUESTS_CALLS_H
#define KENNEL_TESTS_GUESTS_CALLS_H

#include <sys/syscall.h>

#if defined(__x86_64__) && defined(__ILP32__)
#define CALL_X32 1
#else
#define CALL_X32 0
#endif

/* Calls since 5.1 have one number, which some ABIs count from a base of their own. */
#if defined(__mips__)
#define CALL_NEW(number) (__NR_Linux + (number))
#elif CALL_X32
#define CALL_NEW(number) (__X32_SYSCALL_BIT + (number))
#else
#define CALL_NEW(number) (number)
#endif

/* Below what arm keeps for itself (0xf0000, SIGILL), above the three tables of mips. */
#define CALL_NONE 0x7fff
#define CALL_HAS(number) ((number) != CALL_NONE)

/* Arguments of 64 bits are two registers: i386, arm, mips with o32. */
#if defined(__i386__) || defined(__arm__) || (defined(__mips__) && _MIPS_SIM == _ABIO32)
#define CALL_PAIRS 1
#else
#define CALL_PAIRS 0
#endif

/* The first two arguments of clone, which make a child of this stack. */
#ifdef __s390x__
#define CALL_CLONE(flags) 0L, (long)(flags)
#else
#define CALL_CLONE(flags) (long)(flags), 0L
#endif

/* Names that older headers do not have. */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret CALL_NEW(447)
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 CALL_NEW(452)
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat CALL_NEW(463)
#define SYS_getxattrat CALL_NEW(464)
#define SYS_listxattrat CALL_NEW(465)
#define SYS_removexattrat CALL_NEW(466)
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr CALL_NEW(467)
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr CALL_NEW(468)
#define SYS_file_setattr CALL_NEW(469)
#endif

/* Before the C library hides it: stat and its kin with sizes of 64 bits, ids of 32. */
#ifdef SYS_stat64
#define CALL_STAT SYS_stat64
#define CALL_LSTAT SYS_lstat64
#define CALL_FSTAT SYS_fstat64
#define CALL_FSTATAT SYS_fstatat64
#else
#define CALL_STAT SYS_stat
#define CALL_LSTAT SYS_lstat
#define CALL_FSTAT SYS_fstat
#define CALL_FSTATAT SYS_newfstatat
#endif
#ifdef SYS_lchown32
#define CALL_LCHOWN SYS_lchown32
#define CALL_SETGROUPS SYS_setgroups32
#else
#define CALL_LCHOWN SYS_lchown
#define CALL_SETGROUPS SYS_setgroups
#endif

#include "absent.h"

#endif
