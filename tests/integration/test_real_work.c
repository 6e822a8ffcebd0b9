/*
 * The heavy jobs of the main promise, for the long list of tests: building this project,
 * its history, the standard library of Python, all of /usr. Compared byte for byte with
 * native runs in the same place. KENNEL_TOP names the source tree.
 */
#include "tests/integration/compare.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(real_work, .init = fixture_enter, .fini = fixture_leave, .timeout = 1800);

#define SHELL(script) WORDS("/bin/bash", "-c", script)
#define LONG_MS 600000

/* The tree as it is, without what builds made, at a place of its own. */
static const char *real_copy(void)
{
	const char *top = getenv("KENNEL_TOP");

	if (!top || access(text("%s/configure.py", top), F_OK))
		cr_skip_test("KENNEL_TOP does not name the source tree");
	return text("tar -C %s --exclude=./build --exclude=./.ninja_log --exclude=./.ninja_deps -cf - . | tar -xf - "
		    "--no-same-owner &&",
		top);
}

Test(real_work, this_project_builds_as_natively)
{
	fixture_need_program("ninja");
	compare_ways_within(real_copy(),
		SHELL("ninja -j2 > ninja.out 2>&1 || { tail -20 ninja.out; exit 1; }; rm ninja.out; "
		      "./build/kennel --version"),
		0, LONG_MS);
}

Test(real_work, git_on_this_project_is_as_natively)
{
	const char *make =
		text("%s export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 && rm -rf .git && git -c init.defaultBranch=main "
		     "init -q . && git add -A && "
		     "GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z git -c "
		     "user.name=T -c user.email=t@example.org commit -qm all &&",
			real_copy());

	compare_ways_within(make,
		SHELL("export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git log --stat && git status && git clone -q . "
		      "copy && cd copy && git status && git fsck"),
		0, LONG_MS);
}

Test(real_work, the_standard_library_compiles_as_natively)
{
	const char *script =
		"lib=$(python3 -c 'import sysconfig; print(sysconfig.get_path(\"stdlib\"))'); "
		"PYTHONHASHSEED=0 PYTHONPYCACHEPREFIX=$PWD/cache python3 -m compileall -q $lib > list 2>&1; "
		"echo $?; find cache -type f | LC_ALL=C sort | sha256sum";

	fixture_need_program("python3");
	compare_ways_within("", SHELL(script), 0, LONG_MS);
}

Test(real_work, find_over_usr_is_as_natively)
{
	compare_ways_within(
		"", SHELL("find /usr -xdev | LC_ALL=C sort > all; wc -l < all; sha256sum < all"), 0, LONG_MS);
}

Test(real_work, tar_of_include_is_as_natively)
{
	compare_ways_within("",
		SHELL("tar -C /usr -cf include.tar --sort=name include && tar -tvf include.tar | sha256sum && "
		      "mkdir out && tar -C out -xf include.tar && rm include.tar"),
		0, LONG_MS);
}

/* The supervisor stays small while it serves a build: VmHWM, static build only. */
Test(real_work, the_supervisor_of_a_build_stays_small)
{
	struct running running;
	static struct outcome outcome;
	const char *place = real_copy();
	struct job job = { .options = WORDS("-p", "work"),
		.command = SHELL("ninja -j2 > out 2>&1 && echo ready && sleep 2"),
		.deadline_ms = LONG_MS };
	char status[8192];
	long kilobytes;

	if (!strstr(getenv("KENNEL") ? getenv("KENNEL") : "", "static"))
		cr_skip_test("KENNEL is not the static build");
	run_native(SHELL(text("%s true", place)), &outcome);
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", LONG_MS));
	cr_assert(file_read(text("/proc/%d/status", running.pid), status, sizeof(status)) > 0 &&
		  strstr(status, "VmHWM:"));
	kilobytes = strtol(strstr(status, "VmHWM:") + 6, NULL, 10);
	fixture_finish(&running, &outcome);
	expect_status(&outcome, 0, "ninja");
	cr_assert(kilobytes < 2048, "VmHWM %ld kB", kilobytes);
}
