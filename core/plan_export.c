/*
 * Builds what a run would load, by the same functions, and loads nothing.
 */
#include "core/plan_export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bpf_print.h"
#include "core/cage_filter.h"
#include "core/filter.h"
#include "core/guard.h"
#include "core/plan_print.h"

static int plan_export_guard(const struct plan_view *view, struct sock_fprog *out)
{
	struct sock_fprog built;
	struct sock_filter *code = calloc(GUARD_LENGTH_MAX, sizeof(*code));
	int error = code ? guard_build(view->abis, view->abi_count, code, &built) : -ENOMEM;

	if (error) {
		free(code);
		return error;
	}
	*out = built;
	return 0;
}

static int plan_export_build(
	const struct plan_view *view, enum plan_export which, unsigned needs, struct sock_fprog *out)
{
	const struct cage_facts facts = { .user = CAGE_SUPERVISOR, .needs = needs };

	switch (which) {
	case PLAN_EXPORT_FILTER:
		return filter_build(view->plan, view->abis, view->abi_count, out);
	case PLAN_EXPORT_GUARD:
		return plan_export_guard(view, out);
	case PLAN_EXPORT_CAGE:
		return cage_filter_build(&facts, out);
	}
	return -EINVAL;
}

int plan_export_bpf(FILE *stream, const struct plan_view *view, enum plan_export which, unsigned needs)
{
	struct sock_fprog program;
	int error = plan_export_build(view, which, needs, &program);

	if (error)
		return error;
	if (fwrite(program.filter, sizeof(*program.filter), program.len, stream) != program.len)
		error = -EIO;
	filter_free(&program);
	return error;
}

int plan_export_text(FILE *stream, const struct plan_view *view, enum plan_export which, unsigned needs)
{
	struct sock_fprog program;
	int error = plan_export_build(view, which, needs, &program);

	if (error)
		return error;
	error = bpf_print(stream, &program);
	filter_free(&program);
	return error;
}
