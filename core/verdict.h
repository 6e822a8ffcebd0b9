/*
 * What a handler wants done with a call. Handlers return one of these and send
 * nothing themselves; core/dispatch.c turns it into an answer.
 */
#ifndef KENNEL_CORE_VERDICT_H
#define KENNEL_CORE_VERDICT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

enum verdict_kind {
	VERDICT_WAIT,     /* not answered yet: resume() will be called */
	VERDICT_CONTINUE, /* the kernel goes on; only after decisions on register values */
	VERDICT_FAIL,     /* value is a positive errno of the target */
	VERDICT_RETURN,   /* value is the result of the call */
	VERDICT_ADD_FD,   /* fd is ours, is put into the target and closed here */
	VERDICT_REWRITE,  /* registers were changed (ptrace stops only) */
	VERDICT_KILL,     /* the process dies by SIGKILL */
};

struct verdict {
	enum verdict_kind kind;
	int fd;            /* VERDICT_ADD_FD: owned by the verdict from here on */
	uint32_t fd_flags; /* VERDICT_ADD_FD: O_CLOEXEC or 0 */
	bool alone;        /* VERDICT_ADD_FD: the target's alone before it goes on; costs a turn more */
	int64_t value;     /* FAIL, RETURN; ADD_FD: the number reserved in the target, or -1 */
};

static inline struct verdict verdict_wait(void)
{
	return (struct verdict){ .kind = VERDICT_WAIT, .fd = -1 };
}

static inline struct verdict verdict_continue(void)
{
	return (struct verdict){ .kind = VERDICT_CONTINUE, .fd = -1 };
}

/* error: a positive errno, or a negative one as our own functions return it. */
static inline struct verdict verdict_fail(int error)
{
	return (struct verdict){ .kind = VERDICT_FAIL, .fd = -1, .value = error < 0 ? -error : error };
}

static inline struct verdict verdict_return(int64_t value)
{
	return (struct verdict){ .kind = VERDICT_RETURN, .fd = -1, .value = value };
}

/* 0 or more: that result; negative: that -errno. For calls we made ourselves. */
static inline struct verdict verdict_result(int64_t result)
{
	return result < 0 ? verdict_fail((int)result) : verdict_return(result);
}

/*
 * open_flags: of the descriptor: its access mode, and O_CLOEXEC for the target's. What can be written to is given
 * alone, and what was opened with O_CREAT: so are the files made that locks are taken on.
 */
static inline struct verdict verdict_add_fd(int fd, uint32_t open_flags)
{
	return (struct verdict){ .kind = VERDICT_ADD_FD,
		.fd = fd,
		.fd_flags = open_flags & O_CLOEXEC,
		.alone = (open_flags & O_ACCMODE) != O_RDONLY || (open_flags & O_CREAT) != 0,
		.value = -1 };
}

/* The call runs with the registers that call_set_arg() changed (ptrace stops only). */
static inline struct verdict verdict_rewrite(void)
{
	return (struct verdict){ .kind = VERDICT_REWRITE, .fd = -1 };
}

static inline struct verdict verdict_kill(void)
{
	return (struct verdict){ .kind = VERDICT_KILL, .fd = -1 };
}

#endif
