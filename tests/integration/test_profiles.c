/*
 * Real commands under the shipped profiles, and under work with every call intercepted:
 * output, status and the tree they leave are those of a native run in the same place.
 */
#include "tests/integration/compare.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(profiles, .init = fixture_enter, .fini = fixture_leave, .timeout = 720);

#define SHELL(script) WORDS("/bin/bash", "-c", script)

static const char *const profiles_script =
	"set -e\n"
	"seq 1 500 | sort -r | head -n 20 | tee list | wc -l\n"
	"cat <<END > here\nhello $((6 * 7))\nEND\n"
	"cat <<< 'a string' >> here; cat here\n"
	"(sleep 0.1; echo one > one) & (sleep 0.05; echo two > two) & wait\n"
	"diff <(sort list) <(sort -u list) && echo same\n"
	"for i in 1 2 3 4 5; do mkdir -p d$i/e; echo $i > d$i/e/f; ln -s e/f d$i/l; done\n"
	"mv d1 d9; cp -a d2 d8; rm -r d3; chmod 640 d4/e/f; touch empty; ln empty hard\n"
	"find . | sort; cat d*/l; read x < here; echo \"$x\"; exec 7> seven; echo seven >&7; exec 7>&-\n"
	"trap 'echo bye' EXIT; (exit 3) || echo failed $?; test ! -e d3\n";

Test(profiles, a_bash_script_behaves_as_natively)
{
	compare_ways("", SHELL(profiles_script), 0);
}

Test(profiles, git_behaves_as_natively)
{
	const char *make =
		"export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z HOME=$PWD "
		"GIT_CONFIG_NOSYSTEM=1\n"
		"g() { git -c user.name=T -c user.email=t@example.org -c init.defaultBranch=main -c gc.auto=0 "
		"\"$@\"; }\n"
		"g init -q repo && cd repo && for i in 1 2 3; do echo $i > f$i; g add f$i; g commit -qm "
		"\"number $i\"; done\n";

	fixture_need_program("git");
	compare_ways(make,
		SHELL("export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; cd repo && git log --stat && echo new > f4 && rm "
		      "f1 && git status && git diff | cat"),
		0);
	compare_ways(make,
		SHELL("export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git clone -q repo copy && git clone -q "
		      "--no-local repo other && cd copy && git log --oneline && git fsck"),
		0);
}

Test(profiles, python_compiles_a_package_as_natively)
{
	const char *make = "mkdir -p package/sub && for i in 1 2 3 4 5 6; do echo \"def f$i(x): return x + $i\" > "
			   "package/m$i.py; cp package/m$i.py package/sub/; done\n"
			   "touch -d 2020-01-01 package/*.py package/sub/*.py\n";

	fixture_need_program("python3");
	compare_ways(make,
		SHELL("PYTHONHASHSEED=0 PYTHONPYCACHEPREFIX=$PWD/cache python3 -m compileall -q package; find "
		      "cache -type f | wc -l"),
		0);
}

Test(profiles, find_and_tar_behave_as_natively)
{
	if (access("/usr/include/linux", R_OK))
		cr_skip_test("there is no /usr/include/linux");
	compare_ways("",
		SHELL("find /usr/include -xdev | LC_ALL=C sort | sha256sum; tar -C /usr/include -cf out.tar "
		      "--sort=name --mtime=@0 linux && tar tf out.tar | wc -l"),
		0);
}

Test(profiles, a_compiler_behaves_as_natively)
{
	const char *make = "printf '#include <stdio.h>\\nint main(void) { puts(\"made\"); return 9; }\\n' > p.c\n";

	fixture_need_program("cc");
	compare_ways(make, SHELL("cc -O1 -o p p.c && ./p"), 9);
}

Test(profiles, failures_are_the_same)
{
	compare_ways("", SHELL("cat missing; ls /no-such-name; cd nowhere; rmdir .; mkdir a/b; cp a b; exit 11"), 11);
}

Test(profiles, ro_reads_what_a_native_run_reads)
{
	static struct outcome native, ours;
	const char *const *command =
		SHELL("ls -la /etc | grep -v total; cat /etc/passwd | sort; stat -c %n%s /bin/sh; id -u; test -r "
		      "/proc/self/maps; wc -l < /proc/cpuinfo");

	run_native(command, &native);
	run_kennel(WORDS("-p", "ro"), command, &ours);
	expect_status(&ours, native.status, "ro");
	cr_assert_str_eq(ours.out, native.out);
}
