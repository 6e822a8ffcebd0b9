/*
 * A call without a kernel: what the handlers may ask of core/, answered by fakes. The
 * target is this very process: its memory and descriptors are ours. Paths are looked
 * up for real, below the test's own directory.
 */
#ifndef KENNEL_TESTS_FAKE_HANDLERS_H
#define KENNEL_TESTS_FAKE_HANDLERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/category.h"
#include "core/identity.h"
#include "core/mem.h"
#include "handlers/handler.h"

struct call {
	enum sysno sysno;
	uint64_t args[6];
	bool compat;
	bool x32;  /* longs of 32 bits in memory, 64-bit registers, and the kernel's own longs */
	bool gone; /* revalidation fails */
	pid_t tid;
	mode_t umask;
	uint64_t refused;    /* CAT_BIT()s */
	uint64_t by_default; /* CAT_BIT()s that no rule allows, only the default */
	bool move_refused;
	bool unnamed;                     /* every object is */
	const char *masked, *mask_target; /* names that hold this show that */
	const char *appends;              /* names that hold this can only be appended to */
	const char *unmade;               /* names that hold this are hostile */
	bool guards_hardlinks;
	/* Calls in a ptrace stop: what the handler finds in leave(), and what is refused only in part. */
	int64_t result;           /* call_result(); fake_leave() sets it */
	const char *refused_name; /* `refused` only for names that contain it; NULL: for all */
	bool mapped_ignored;      /* exec rules do not cover mapped files */
	bool anonymous_refused;   /* memory that is no file may not be executable */
	bool misnamed;            /* mapped files are not where their names say */
	bool shares_memory;       /* with another thread or process */
	bool warned;              /* what is not refused is allowed with a log line: access_allows() is false */
	const char *program;      /* held_program(): this file; NULL: /proc/TID/exe of this process */
	int held_error;           /* held_cwd, held_program and held_areas fail with it; 0: they work */
	/* Whose rights the caller has, for handlers that read or change them. */
	struct identity_ids ids[2]; /* users, groups */
	uint64_t capabilities;      /* effective, 1 << CAP_... */
	int identity_error;         /* identity_ids and identity_capable fail with it */
	bool transitions[2];        /* the policy names some, of users, of groups */
	uint32_t transition_from;   /* the one that it names, for both */
	uint32_t transition_to;
	/* what the handler did */
	uint64_t asked; /* CAT_BIT()s */
	uint64_t wants;
	uint32_t asked_request;
	unsigned waited_ms;
	char asked_name[8192];
	unsigned moves;
	char move_from[4096];
	char move_to[4096];
	bool move_directory;
	bool umask_taken;
	bool real_taken;
	int worker_object;
	uint64_t worker_flags;
	enum stat_layout layout;
	bool marked_changing; /* identity_mark_changing() */
	bool hidden;          /* identity_pretend_hidden() */
	unsigned transitions_asked;
	unsigned args_set;    /* 1 << index: call_set_arg() changed args[index] */
	enum sysno sysno_set; /* call_set_sysno() */
	unsigned thens;       /* call_then_mprotect(), and the last one's arguments */
	uint64_t then_args[3];
	unsigned mismatches;
	enum category mismatch_category;
	char mismatch_checked[4096]; /* "" for NULL */
	char mismatch_found[4096];
	_Alignas(16) unsigned char state[CALL_STATE_MAX];
};

/* Runs enter: its result, -errno, or the descriptor of ADD_FD. Cancel runs as it would. */
int64_t fake_enter(const struct handler *handler, struct call *call);

#define FAKE_WAITS INT64_MIN

/*
 * Traced handlers, in two steps: enter alone, its verdict; then, only after CONTINUE or REWRITE, leave with the
 * result of the call, and cancel. After any other verdict fake_cancel() ends the call. held_* (core/held.h) really
 * look at this process: change its directory, or map something, between the two.
 */
struct verdict fake_begin(const struct handler *handler, struct call *call);
struct verdict fake_leave(const struct handler *handler, struct call *call, int64_t result);
void fake_cancel(const struct handler *handler, struct call *call);

/* Of every test: the current directory is new and holds file, link (to file) and dir. */
void fake_enter_directory(void);
void fake_leave_directory(void);

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
#define FD(number) ((uint64_t)(uint32_t)(number))
#define CWD FD(AT_FDCWD)
#define CALL(...) (&(struct call){ .umask = 027, __VA_ARGS__ })
#define ARGS(...) .args = { __VA_ARGS__ }
#define RUN(name, ...) fake_enter(&handler_##name, CALL(__VA_ARGS__))

#endif
