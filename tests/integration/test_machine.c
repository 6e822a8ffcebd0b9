/*
 * What needs a machine that belongs to the tests (tests/vm): a filesystem that folds names, mounted.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static struct outcome machine_outcome;

static void machine_enter(void)
{
	if (!getenv("KENNEL_OWN_MACHINE"))
		cr_skip_test("needs a machine of its own");
	fixture_need_root();
	fixture_enter();
}

TestSuite(machine, .init = machine_enter, .fini = fixture_leave, .timeout = 360);

/* Lines natively and then under Kennel, in a fresh filesystem each. */
static void machine_fold(const char *const *options, const char *script)
{
	run_native(
		WORDS("/bin/sh", "-c",
			"mkdir -p fold && truncate -s 8M disk && mkdosfs disk && exec mount -t vfat -o loop disk fold"),
		&machine_outcome);
	if (machine_outcome.status)
		cr_skip_test("vfat cannot be mounted: %.200s", machine_outcome.err);
	fixture_run(&(struct job){ .options = options, .command = WORDS("/bin/sh", "-c", script) }, &machine_outcome);
	cr_expect(umount("fold") == 0);
}

Test(machine, a_filesystem_that_folds_names_works_as_natively)
{
	static const char script[] =
		"cd fold; echo one > Name; cat name; echo two >> NAME; cat Name; mv Name name; ls; mkdir Dir; "
		"cd dir && pwd;\n"
		"echo x > LongerThanEight.txt; mv longerthaneight.TXT ..; cd ..; ls; rm -r DIR; ls; "
		"stat -c '%a %s' NAME; chmod 4 name";
	static struct outcome native;

	machine_fold(NULL, script);
	native = machine_outcome;
	machine_fold(WORDS(WATCH_ALL), script);
	cr_expect_eq(native.status, machine_outcome.status);
	cr_expect_str_eq(native.out, machine_outcome.out);
	cr_expect(strstr(native.out, "one\ntwo\n"), "%s%s", native.out, native.err);
}

Test(machine, a_name_is_refused_on_a_filesystem_that_folds_names)
{
	machine_fold(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("fold/secret"))),
		"echo one > fold/secret; cat fold/secret; echo two > fold/other; cat fold/other");
	cr_expect_str_eq(machine_outcome.out, "two\n");
}
