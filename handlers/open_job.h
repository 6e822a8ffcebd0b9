/*
 * One open on its way: shared by the files of the open family only. open.c finds and
 * decides, open_finish.c deals with what the opened thing turns out to be.
 */
#ifndef KENNEL_HANDLERS_OPEN_JOB_H
#define KENNEL_HANDLERS_OPEN_JOB_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/path.h"
#include "handlers/handler.h"
#include "handlers/open_flags.h"

struct open_job {
	struct call *call;
	struct open_request request;
	int reserved; /* number taken in the target, or -1 */
	bool crowded; /* a number must be reserved before any effect */
	bool special; /* no regular file, nor surely a directory: see verdict.alone */
	bool again;   /* what was found changed under us: look again */
};

/* Lives in the call while it waits. */
struct open_state {
	uint64_t flags;
	int held; /* descriptor + 1: the reading end of a FIFO without a writer; 0: none */
	int reserved;
	unsigned wait_ms;
	bool large;
};

/*
 * fd was opened by name (object is -1) or from path->object with open_flags_ours(), or is the
 * -errno of that. Takes it over.
 */
struct verdict open_finish(struct open_job *job, struct path *path, int fd);

/* What the target gets; takes fd over. */
struct verdict open_result(const struct open_job *job, int fd);

/* path->object is a thing whose opening waits for a partner, or cannot be waited for here. */
struct verdict open_in_worker(struct open_job *job, const struct path *path);

/* The device whose meaning is the opener's. */
bool open_is_terminal(const struct stat *object);
struct verdict open_terminal(struct open_job *job);

/* True when the file is too large for the caller's ABI and flags. */
bool open_too_large(const struct open_request *request, const struct stat *object);

struct verdict open_resume(struct call *call, const struct wake *wake);
void open_cancel(struct call *call);

/*
 * fs.protected_regular and fs.protected_fifos, for an object that exists, was asked for
 * with O_CREAT, and is about to be opened by itself. 0 or -EACCES.
 */
int open_sticky_check(const struct path *path, const struct stat *object);

#endif
