/*
 * An exec at its event: is what the kernel has loaded what exec.c judged? Scripts leave no
 * trace in it, the program and its ELF interpreter do. Runs before the first instruction of the
 * new image, so that nothing of a refused file ever runs; any doubt is fatal.
 */
#include <errno.h>
#include <string.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/held.h"
#include "core/log.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/exec_job.h"

/* The image is not the one that was judged: logged, the process is to die. */
enum { EXEC_MISMATCH = 1 };

struct exec_image {
	struct call *call;
	const struct exec_state *state;
	enum category category;
	/*
	 * Another program than the one judged is judged by its own name: binfmt_misc has chosen
	 * it, or nothing but walk is decided.
	 */
	bool by_name;
};

static int exec_mismatch(const struct exec_image *image, const char *found)
{
	PATH_LOCAL(path);
	const bool known = path_of_descriptor(image->call, image->state->files[EXEC_PROGRAM], &path) == 0;

	log_mismatch(image->call, image->category, known ? path.name : NULL, found);
	return EXEC_MISMATCH;
}

/* The kernel writes some bytes as octal numbers, and more behind the name of what is gone: no such name is believed. */
static bool exec_name_is_plain(const char *name)
{
	return name[0] == '/' && strchr(name, '\\') == NULL && name_removed_length(name) == 0;
}

static int exec_check_program(const struct exec_image *image)
{
	PATH_LOCAL(path);
	struct held_identity identity;
	AUTO_CLOSE int loaded = -1;
	int error = held_identify(image->state->files[EXEC_PROGRAM], &identity);
	int same = error < 0 ? error : held_program_is(image->call, &identity);

	if (same != 0)
		return same < 0 ? same : 0;
	loaded = held_program(image->call);
	error = loaded < 0 ? loaded : path_of_descriptor(image->call, loaded, &path);
	if (error < 0)
		return error;
	if (image->by_name && !access_refuses(image->call, image->category, path.name))
		return 0;
	return exec_mismatch(image, path.name);
}

/* An executable stack, a segment beyond its file, or of it (an interpreter's), where such memory is not allowed. */
static bool exec_area_is_refused(const struct exec_image *image, const struct held_area *area)
{
	return area->executable && area->writable && image->category == CAT_EXEC &&
	       !access_anonymous_memory(image->call);
}

static int exec_check_area(void *context, const struct held_area *area)
{
	const struct exec_image *image = context;

	if (exec_area_is_refused(image, area))
		return exec_mismatch(image, "executable memory");
	if (!area->is_file)
		return 0;
	if (held_area_is_one_of(area, image->state->files, EXEC_FILES))
		return 0;
	if (image->by_name && exec_name_is_plain(area->name) &&
		!access_refuses(image->call, image->category, area->name))
		return 0;
	return exec_mismatch(image, area->name);
}

/* A personality lives on over an exec: with this one every later mapping would be executable, unseen. */
static int exec_check_memory(const struct exec_image *image)
{
	int implied;

	if (image->category != CAT_EXEC)
		return 0;
	implied = program_implies_exec(image->call);
	return implied > 0 ? exec_mismatch(image, "READ_IMPLIES_EXEC") : implied;
}

struct verdict exec_check(struct call *call, const struct exec_state *state)
{
	const bool exec = access_active(call, CAT_EXEC);
	struct exec_image image = {
		.call = call,
		.state = state,
		.category = exec ? CAT_EXEC : CAT_WALK,
		.by_name = !exec || state->kind == PROGRAM_OTHER,
	};
	int error = exec_check_program(&image);

	if (error == 0)
		error = held_executable_areas(call, exec_check_area, &image);
	if (error == 0)
		error = exec_check_memory(&image);
	if (error == 0 || error == -ESRCH)
		return verdict_continue();
	if (error < 0)
		exec_mismatch(&image, "unknown");
	return verdict_kill();
}
