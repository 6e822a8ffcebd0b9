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

#include "core/mem.h"
#include "handlers/handler.h"

struct call {
	enum sysno sysno;
	uint64_t args[6];
	bool compat;
	bool gone; /* revalidation fails */
	pid_t tid;
	mode_t umask;
	uint64_t refused; /* CAT_BIT()s */
	bool move_refused;
	bool unnamed; /* every object is */
	/* what the handler did */
	uint64_t asked; /* CAT_BIT()s */
	uint64_t wants;
	char asked_name[4096];
	unsigned moves;
	char move_from[4096];
	char move_to[4096];
	bool move_directory;
	bool umask_taken;
	bool real_taken;
	int worker_object;
	uint64_t worker_flags;
	enum stat_layout layout;
	_Alignas(16) unsigned char state[CALL_STATE_MAX];
};

/* Runs enter: its result, -errno, or the descriptor of ADD_FD. Cancel runs as it would. */
int64_t fake_enter(const struct handler *handler, struct call *call);

#define FAKE_WAITS INT64_MIN

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
