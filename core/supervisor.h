/*
 * struct supervisor owns the loop, the descriptors of our own that live for ever, and
 * the sandboxes. There may be many sandboxes in one supervisor; nothing is global.
 * core/supervisor.c creates and destroys the parts in order.
 */
#ifndef KENNEL_CORE_SUPERVISOR_H
#define KENNEL_CORE_SUPERVISOR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/kfeat.h"

#define SUPERVISOR_MAGIC 0x53555056U

struct bound_names;
struct job_control;
struct identity_state;
struct log;
struct loop;
struct launcher;
struct long_names;
struct mounts;
struct sandbox;
struct tracer;

struct supervisor {
	uint32_t magic;
	struct kfeat features;
	struct loop *loop;
	struct ready *ready;
	struct log *log;
	struct launcher *launcher;
	struct job_control *job_control;
	struct tracer *tracer;           /* core/trace.c; NULL until a plan traces */
	struct mounts *mounts;           /* procfs mount points, core/mounts.c; NULL until a plan notifies */
	struct long_names *long_names;   /* core/path_long.c; NULL until a plan notifies */
	struct bound_names *bound_names; /* core/bound.c; NULL until a UNIX socket is bound */
	struct identity_state *identity; /* our own identity and the one assumed, core/identity.c */
	struct sandbox *sandboxes;       /* list by sandbox->next */
	int root_fd;                     /* O_PATH "/" */
	int proc_fd;                     /* O_PATH of "/proc", checked to be procfs */
	int self_fd_dir;                 /* /proc/self/fd of ours, held from the start */
	pid_t pid;                       /* ours */
	pid_t launcher_pid;
	pid_t cleaner_pid; /* of the temporary directory, which is the last to go; 0: none */
	int remote_fd;     /* in a worker: the channel to the supervisor that it acts for; 0: this is the supervisor */
	int brief_timer;   /* core/brief.c; the kernel's number */
	bool has_brief_timer;
	double look_s;        /* what a look at a waiting caller, and its next try, take, about (core/wait.c) */
	unsigned long cookie; /* core/cage_call.h; 0 until we are caged */
	bool brief_held;      /* until the end of the step */
	bool caged;           /* core/cage.c is done */
	bool privileged;      /* ids of a target may come to differ from ours */
};

/*
 * Makes the parts in order: log, loop, identity, descriptors, signals. log_fd -1: stderr.
 * 0 or -errno; what was made is freed by supervisor_free() either way.
 */
int supervisor_init(struct supervisor *supervisor, const struct kfeat *features, int log_fd);

/* In a worker, on a copy: the descriptors are gone, sandbox is the only one, the rest is as it was. 0 or -errno. */
int supervisor_reopen(struct supervisor *supervisor, struct sandbox *sandbox, int log_fd, int remote_fd);

/* Frees everything, sandboxes included, in the opposite order. */
void supervisor_free(struct supervisor *supervisor);

/* True for the supervisor, the launcher and the workers: nothing of theirs is ever reachable. */
bool supervisor_owns_pid(const struct supervisor *supervisor, pid_t pid);

#endif
