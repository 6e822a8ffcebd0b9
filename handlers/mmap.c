/*
 * mmap, mmap2 and the old mmap: files that become executable memory. Decides the exec category. Nobody can
 * map for another process, and the descriptor may be another file by the time the kernel looks: what got mapped is
 * compared with what was allowed. Where others could run it before that, it is mapped without PROT_EXEC, and made
 * executable afterwards by an mprotect of the target's. Of s390x's only form the arguments stay in memory, where
 * they may be any by the time the kernel reads them: afterwards all executable memory is judged.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/held.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"
#include "handlers/mprotect.h"

enum mmap_arg { MMAP_ADDRESS, MMAP_LENGTH, MMAP_PROT, MMAP_FLAGS, MMAP_FD, MMAP_OFFSET, MMAP_ARGS };

#define MMAP_PROTECTION (PROT_READ | PROT_WRITE | PROT_EXEC) /* mmap ignores other bits, mprotect does not */
#define MMAP2_UNIT 4096
#define MMAP_MEMFD "!memfd:" /* the name that rules know memory files by */
#define MMAP_ERROR_MAX 4095  /* results from -4095 to -1 are errors, all others addresses */

struct mmap_state {
	bool holds;
	bool later;      /* becomes executable after the comparison */
	bool executable; /* the mprotect was asked for */
	int file;        /* O_PATH: what was allowed, or -1 */
	int prot;        /* as asked for */
	uint64_t address;
	uint64_t length; /* in whole pages */
};

_Static_assert(sizeof(struct mmap_state) <= CALL_STATE_MAX, "state of a mapping");

/* The kernel reads the block of arguments again, after another thread wrote it: there is no form to turn it into. */
static bool mmap_stays_in_block(const struct call *call)
{
	return call_sysno(call) == SC_old_mmap && !call_is_compat(call);
}

/* The old form of 32-bit callers is turned into mmap2. */
static int mmap_read_block(struct call *call, uint64_t args[MMAP_ARGS])
{
	int error = mem_read_longs(call, call_arg(call, 0), call_long_bytes(call), MMAP_ARGS, args);

	if (mmap_stays_in_block(call))
		return error;
	if (error >= 0 && args[MMAP_OFFSET] % MMAP2_UNIT)
		error = -EINVAL;
	args[MMAP_OFFSET] /= MMAP2_UNIT;
	return error;
}

static int mmap_read(struct call *call, uint64_t args[MMAP_ARGS])
{
	if (call_sysno(call) == SC_old_mmap)
		return mmap_read_block(call, args);
	for (unsigned i = 0; i < MMAP_ARGS; i++)
		args[i] = call_arg(call, i);
	return 0;
}

static uint64_t mmap_whole_pages(uint64_t length)
{
	const uint64_t in_page = (uint64_t)getpagesize() - 1;

	return (length + in_page) & ~in_page;
}

/* Whatever the words were that the kernel read, address and length too. */
static struct verdict mmap_run_block(struct call *call)
{
	struct mmap_state *state = call_state(call);

	if (!state->holds)
		*state = (struct mmap_state){ .file = -1 };
	state->holds = true;
	return verdict_continue();
}

/* All that is left to the kernel is in registers; executable it becomes later. */
static struct verdict mmap_run(struct call *call, const uint64_t args[MMAP_ARGS], bool later)
{
	const bool in_block = call_sysno(call) == SC_old_mmap;

	if (mmap_stays_in_block(call))
		return mmap_run_block(call);
	if (in_block) {
		call_set_sysno(call, SC_mmap2);
		for (unsigned i = 0; i < MMAP_ARGS; i++)
			call_set_arg(call, i, args[i]);
	}
	if (later)
		call_set_arg(call, MMAP_PROT, args[MMAP_PROT] & ~(uint64_t)PROT_EXEC);
	return in_block || later ? verdict_rewrite() : verdict_continue();
}

enum mmap_kind {
	MMAP_FILE,   /* judged, and mapped without PROT_EXEC where that is to come later */
	MMAP_NOEXEC, /* judged; the kernel refuses it with PROT_EXEC only */
	MMAP_OTHER,  /* no rule names it, and it cannot be mapped */
};

static int mmap_kind_of(int fd, uint64_t flags)
{
	struct statvfs filesystem;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatvfs(fd, &filesystem) < 0)
		return -errno;
	if (filesystem.f_flag & ST_NOEXEC)
		return MMAP_NOEXEC;
	/* A device may put another file into the mapping, as /dev/zero does when it is shared. */
	if (S_ISCHR(st.st_mode))
		return (flags & MAP_TYPE) == MAP_PRIVATE ? MMAP_FILE : -ENODEV;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return MMAP_FILE;
	return S_ISDIR(st.st_mode) || S_ISFIFO(st.st_mode) ? MMAP_OTHER : -ENODEV;
}

/* As the kernel does with PROT_EXEC. It must not look at the descriptor again: somebody could run what it is then. */
static struct verdict mmap_refuse(enum mmap_kind kind, uint64_t length)
{
	return verdict_fail(!length ? EINVAL : kind == MMAP_NOEXEC ? EPERM : ENODEV);
}

/* Memory files are files to the rules, and memory to exec/anonymous. */
static int mmap_judge(struct call *call, int fd)
{
	PATH_LOCAL(path);
	int error = path_of_descriptor(call, fd, &path);

	if (error >= 0 && str_starts(path.name, MMAP_MEMFD) && !access_anonymous_memory(call))
		error = -EACCES;
	return error < 0 || !access_mapped_files(call) ? error : access_check(call, CAT_EXEC, path.name);
}

static struct verdict mmap_enter_file(struct call *call, const uint64_t args[MMAP_ARGS])
{
	const uint64_t in_page = (uint64_t)getpagesize() - 1;
	const bool changes = (args[MMAP_PROT] & PROT_WRITE) && (args[MMAP_FLAGS] & MAP_TYPE) == MAP_PRIVATE;
	/* Others could run what it is by the time that the kernel looks. */
	const bool later = call_shares_memory(call) && !mmap_stays_in_block(call);
	struct mmap_state *state = call_state(call);
	int AUTO_CLOSE fd = -1;
	int kind, error;

	if ((call_sysno(call) == SC_mmap || mmap_stays_in_block(call)) && (args[MMAP_OFFSET] & in_page))
		return verdict_fail(EINVAL);
	/* What is written into a private mapping is memory that is no file. */
	if (changes && !access_anonymous_memory(call))
		return verdict_fail(EACCES);
	if (!access_mapped_files(call) && access_anonymous_memory(call))
		return mmap_run(call, args, false);
	fd = held_fd(call, (int)args[MMAP_FD]);
	kind = fd < 0 ? fd : mmap_kind_of(fd, args[MMAP_FLAGS]);
	error = kind < 0 || kind == MMAP_OTHER ? 0 : mmap_judge(call, fd);
	if (kind < 0 || error < 0)
		return verdict_fail(kind < 0 ? kind : error);
	if (kind != MMAP_FILE && later)
		return mmap_refuse(kind, args[MMAP_LENGTH]);
	*state = (struct mmap_state){
		.holds = true,
		.later = later,
		.file = take_fd(&fd),
		.prot = (int)(args[MMAP_PROT] & MMAP_PROTECTION),
		.length = mmap_whole_pages(args[MMAP_LENGTH]),
	};
	return mmap_run(call, args, state->later);
}

static struct verdict mmap_enter(struct call *call)
{
	uint64_t args[MMAP_ARGS];
	int error = mmap_read(call, args);

	if (error < 0)
		return verdict_fail(error);
	if (!(args[MMAP_PROT] & PROT_EXEC))
		return mmap_run(call, args, false);
	if (!(args[MMAP_FLAGS] & MAP_ANONYMOUS))
		return mmap_enter_file(call, args);
	return access_anonymous_memory(call) ? mmap_run(call, args, false) : verdict_fail(EACCES);
}

static void mmap_log(struct call *call, int file, const char *found)
{
	char checked[PATH_MAX];
	char link[PATH_OF_FD_SIZE];
	ssize_t len;

	path_of_fd(file, link);
	len = file < 0 ? -1 : readlink(link, checked, sizeof(checked) - 1);
	checked[len < 0 ? 0 : len] = '\0';
	log_mismatch(call, CAT_EXEC, len < 0 ? NULL : checked, found);
}

/* While it was not executable yet, another thread may have written to it: that is memory that is no file. */
static bool mmap_was_written(struct call *call, const struct held_area *area)
{
	const struct mmap_state *state = call_state(call);

	return state->later && area->executable && !area->shared && !access_anonymous_memory(call) &&
	       held_area_was_written(call, area) != 0;
}

/* Before the mprotect all that is there has to be the file; else what can be executed, for others map too. */
static int mmap_visit(void *context, const struct held_area *area)
{
	struct call *call = context;
	const struct mmap_state *state = call_state(call);

	if (!area->executable && (!state->later || state->executable))
		return 0;
	if (area->is_file && held_area_is(area, state->file) && !mmap_was_written(call, area))
		return 0;
	mmap_log(call, state->file, area->name);
	return 1;
}

/* What the mprotect made executable must be there still: see mprotect.c. 1, 0 or -errno. */
static int mmap_was_taken(struct call *call)
{
	const struct mmap_state *state = call_state(call);
	int covers = mprotect_covers(call, state->address, state->address + state->length, true);

	if (covers == 0)
		mmap_log(call, state->file, "memory that was taken away");
	return covers < 0 ? covers : !covers;
}

static struct verdict mmap_compare(struct call *call)
{
	struct mmap_state *state = call_state(call);
	int found = held_areas(call, state->address, state->address + state->length, mmap_visit, call);

	if (found == 0 && state->executable && !access_anonymous_memory(call))
		found = mmap_was_taken(call);
	if (found < 0 && found != -ESRCH)
		mmap_log(call, state->file, "memory that cannot be looked at");
	if (found != 0)
		return found == -ESRCH ? verdict_continue() : verdict_kill();
	if (state->later && !state->executable) {
		call_then_mprotect(call, state->address, state->length, (uint64_t)state->prot);
		state->executable = true;
	}
	return verdict_continue();
}

/* Runs after the mapping, and once more after the mprotect, whatever its result: others may have mapped between. */
static struct verdict mmap_leave(struct call *call)
{
	struct mmap_state *state = call_state(call);
	const int64_t result = call_result(call);
	const bool failed = result < 0 && result >= -MMAP_ERROR_MAX;

	if (!state->holds || (failed && !state->executable))
		return verdict_continue();
	if (mmap_stays_in_block(call))
		return mprotect_judge_memory(call);
	if (!state->executable)
		state->address = call_is_compat(call) ? (uint32_t)result : (uint64_t)result;
	return mmap_compare(call);
}

static void mmap_cancel(struct call *call)
{
	struct mmap_state *state = call_state(call);

	if (state->holds && state->file >= 0)
		close(state->file);
	state->holds = false;
}

const struct handler handler_mmap = {
	.name = "mmap",
	.flags = H_TRACE | H_EXIT | H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_EXEC),
	.state_size = sizeof(struct mmap_state),
	.enter = mmap_enter,
	.leave = mmap_leave,
	.cancel = mmap_cancel,
};
