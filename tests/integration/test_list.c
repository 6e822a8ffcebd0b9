/*
 * Directories that are read, watches, filesystems, requests, masks and append-only files, with the
 * real program and real commands: what is refused, what is seen, and what is logged.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(list, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome list_outcome;

#define SHELL(text_) WORDS("/bin/sh", "-c", text_)

static void list_expect(const char *const *options, const char *script, int status, const char *out)
{
	run_kennel(options, SHELL(script), &list_outcome);
	expect_status(&list_outcome, status, script);
	cr_assert_str_eq(list_outcome.out, out, "%s: %s", script, list_outcome.err);
}

static void list_make(void)
{
	cr_assert(mkdir("dir", 0755) == 0 && mkdir("dir/secret", 0755) == 0 && mkdir("dir/open", 0755) == 0);
	file_write("dir/file", "content\n");
	file_write("dir/hidden", "hidden\n");
}

Test(list, refused_entries_are_not_seen_and_the_rest_is)
{
	const char *rule;

	list_make();
	rule = text("deny/list+%s/{hidden,secret}", fixture_path("dir"));
	list_expect(WORDS("-p", "off", "-m", "sandbox/list:on", "-m", "default/list:allow", "-m", rule),
		"ls dir; cat dir/hidden", 0, "file\nopen\nhidden\n");
	cr_assert(
		log_line(list_outcome.err, "cap", "list", "path", fixture_path("dir/hidden")), "%s", list_outcome.err);
}

Test(list, a_hidden_path_is_in_no_listing)
{
	list_make();
	list_expect(WORDS("-p", "off", "--hide", fixture_path("dir/secret")), "ls dir; test -e dir/secret || echo gone",
		0, "file\nhidden\nopen\ngone\n");
}

Test(list, a_directory_that_moves_is_judged_by_its_name_of_the_moment)
{
	const char *rule;

	list_make();
	rule = text("filter/list+%s/file", fixture_path("dir"));
	list_expect(WORDS("-p", "off", "-m", "sandbox/list:on", "-m", "default/list:allow", "-m", rule),
		"ls dir; mv dir other 2>/dev/null || echo held", 0, "hidden\nopen\nsecret\nheld\n");
}

Test(list, a_filesystem_is_refused_by_its_name)
{
	list_expect(WORDS("-p", "off", "-m", "sandbox/fs:on", "-m", "default/fs:allow", "-m", "deny/fs+proc"),
		"cat /proc/version 2>/dev/null || echo refused; cat /dev/null", 0, "refused\n");
	cr_assert(log_line(list_outcome.err, "cap", "fs", "path", "proc"), "%s", list_outcome.err);
	list_expect(WORDS("-p", "off", "-m", "sandbox/fs:on", "-m", "allow/fs+**", "-m", "deny/fs+nosuchfs"),
		"cat /proc/sys/kernel/ostype", 0, "Linux\n");
}

Test(list, a_device_is_refused_when_it_is_opened)
{
	list_expect(
		WORDS("-p", "off", "-m", "sandbox/ioctl:on", "-m", "default/ioctl:allow", "-m", "deny/ioctl+/dev/zero"),
		"head -c 1 /dev/zero >/dev/null 2>&1 || echo refused; ln -s /dev/zero link; "
		"head -c 1 link 2>/dev/null || echo refused; echo x >/dev/null && echo others",
		0, "refused\nrefused\nothers\n");
	cr_assert(log_line(list_outcome.err, "cap", "ioctl", "path", "/dev/zero"), "%s", list_outcome.err);
}

Test(list, a_masked_file_shows_another)
{
	const char *mask, *other;

	fixture_need_program("python3");
	list_make();
	file_write("target", "shown\n");
	mask = text("mask+%s", fixture_path("dir/hidden"));
	other = text("mask+%s:%s", fixture_path("dir/file"), fixture_path("target"));
	list_expect(WORDS("-p", "off", "-m", mask, "-m", other),
		"cat dir/hidden; stat -c %F dir/hidden; echo lost >dir/hidden; cat dir/file; stat -c %s dir/file; "
		"mv dir/hidden dir/x 2>/dev/null || echo held",
		0, "character special file\nshown\n6\nheld\n");
	run_native(WORDS("cat", "dir/hidden"), &list_outcome);
	cr_assert_str_eq(list_outcome.out, "hidden\n");
}

Test(list, a_masked_file_is_not_cut_by_its_name)
{
	const char *mask, *other;

	fixture_need_program("python3");
	list_make();
	file_write("target", "shown\n");
	mask = text("mask+%s", fixture_path("dir/hidden"));
	other = text("mask+%s:%s", fixture_path("dir/file"), fixture_path("target"));
	list_expect(WORDS("-p", "off", "-m", "sandbox/truncate:on", "-m", "default/truncate:allow", "-m", mask, "-m",
			    other, "-m", text("deny/truncate+%s", fixture_path("target"))),
		"python3 -c 'import os\nfor name in (\"dir/hidden\", \"dir/file\"):\n try: os.truncate(name, 1)\n "
		"except OSError as e: print(e.errno)'",
		0, "22\n13\n");
	run_native(WORDS("cat", "dir/hidden", "target"), &list_outcome);
	cr_assert_str_eq(list_outcome.out, "hidden\nshown\n");
}

/* Whoever puts a symlink in the place of the target would choose the file; /proc/self would be the supervisor's. */
Test(list, a_mask_shows_nothing_that_a_symlink_leads_to)
{
	const char *mask;

	list_make();
	file_write("secret", "secret\n");
	mask = text("mask+%s:%s", fixture_path("dir/file"), fixture_path("target"));
	list_expect(WORDS(WATCH_ALL, "-m", mask, "-m", text("deny/read+%s", fixture_path("secret"))),
		"for to in secret /proc/self/environ; do ln -sf $to target; "
		"cat dir/file 2>/dev/null || echo none; done",
		0, "none\nnone\n");
}

Test(list, an_append_only_file_only_grows)
{
	const char *rule = text("append+%s", fixture_path("log"));

	list_expect(WORDS("-p", "off", "-m", rule),
		"echo 1 >>log; echo 2 >>log; (echo 3 >log) 2>/dev/null || echo refused; "
		"truncate -s 0 log 2>/dev/null || echo refused; "
		"dd if=/dev/zero of=log bs=1 count=1 conv=notrunc 2>/dev/null || echo refused; cat log; "
		"mv log x 2>/dev/null || echo held; ln log x 2>/dev/null || echo held",
		0, "refused\nrefused\nrefused\n1\n2\nheld\nheld\n");
	cr_assert(strstr(list_outcome.err, "append+ allows nothing else"), "%s", list_outcome.err);
}

/* The file of cut_files, as it is before and after. */
static const char *list_whole_file(void)
{
	static char whole[8192 + 1];

	memset(whole, 'A', sizeof(whole) - 1);
	file_write("whole", whole);
	return fixture_path("whole");
}

Test(list, an_append_only_file_is_cut_by_no_request_and_written_by_no_other_way)
{
	const char *file = list_whole_file();

	run_native(WORDS(fixture_guest("cut_files"), file), &list_outcome);
	expect_status(&list_outcome, 0, "natively");
	cr_assert(strstr(list_outcome.out, "punch\nend\n") && strstr(list_outcome.out, "setfl\n"), "%s",
		list_outcome.out);
	for (unsigned i = 0; i < 2; i++) {
		const char *guest = fixture_guest(i ? "cut_files.32" : "cut_files");

		run_kennel(WORDS("-p", "off", ABIS, "-m", text("append+%s", file)), WORDS(guest, file), &list_outcome);
		expect_status(&list_outcome, 0, guest);
		cr_expect_str_empty(list_outcome.out, "%s", list_outcome.out);
	}
}

Test(list, a_file_that_truncate_refuses_is_cut_by_no_request)
{
	const char *file = list_whole_file();

	run_kennel(WORDS(WATCH_ALL, "-m", text("deny/truncate+%s", file)),
		WORDS(fixture_guest("cut_files"), file, "cuts"), &list_outcome);
	expect_status(&list_outcome, 0, "truncate refused");
	cr_expect_str_empty(list_outcome.out, "%s", list_outcome.out);
}

Test(list, hostile_names_are_refused_where_they_are_made)
{
	list_expect(WORDS("-p", "off", "-m", "filename/strict:on"),
		"touch ./-x 'a ' usual; mkdir 'a;b'; ln -s x \"$(printf 'a\\001')\"; mv usual 'a?'; ln usual '~y'; "
		"mkfifo ' p'; ls -A",
		0, "usual\n");
	list_expect(WORDS("-p", "off", "-m", "default/all:allow"), "touch 'a '; ls", 0, "a \nusual\n");
}
