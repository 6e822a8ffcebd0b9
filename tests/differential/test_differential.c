/*
 * The differential runner: the diff_* guests make thousands of calls natively and under Kennel with everything
 * intercepted and allowed, in the same place, as root and as nobody, as x86_64 and as i386; the results are
 * compared line by line, and what differs becomes a table in the build folder, whose first rows are printed.
 * O_PATH is left out there, and compared in a second run that leaves walk and stat to the kernel
 * (doc/BOUNDARY.md, "O_PATH"). A third asks the same of a policy that decides nothing yet, and could be
 * changed from inside.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(differential, .init = fixture_enter, .fini = fixture_leave, .timeout = 1440);

enum way { WAY_WATCHED, WAY_PATHS, WAY_UNLOCKED };
enum { DIFFERENCES_SHOWN = 20, LINE_MAX_SIZE = 16384, JOB_MS = 100000 };

/* Device nodes are made where a rule allows it, not where the default does. */
#define DEVICES "-m", "allow/dpath+/***"

struct comparison {
	FILE *table; /* of the differences */
	unsigned lines, differences;
};

static const char *const differential_mounts[] = { "readonly", "small", "fixed" };

/* A namespace of the test's own, in which nobody else sees its mounts. */
static void differential_own_mounts(void)
{
	cr_assert(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static void differential_flag(const char *path, long flag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert(fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flag) == 0, "%s cannot be made immutable", path);
	close(fd);
}

/* A file and a directory of the caller's in each. */
static void differential_mount(const char *name, const char *options, uid_t uid)
{
	const char *file = text("%s/file", name), *dir = text("%s/dir", name);

	cr_assert(mkdir(name, 0755) == 0 && mount("none", name, "tmpfs", 0, options) == 0, "%s", options);
	file_write(file, "content");
	cr_assert(mkdir(dir, 0755) == 0 && symlink("file", text("%s/link", name)) == 0);
	cr_assert(chown(name, uid, uid) == 0 && chown(file, uid, uid) == 0 && chown(dir, uid, uid) == 0);
}

/* A full filesystem, one that cannot be written, and one with files that cannot be changed. */
static void differential_mount_all(uid_t uid)
{
	static struct outcome outcome;

	differential_mount("small", "mode=755,size=4096,nr_inodes=4", uid);
	differential_mount("readonly", "mode=755", uid);
	cr_assert(mkfifo("readonly/fifo", 0644) == 0 && chown("readonly/fifo", uid, uid) == 0);
	cr_assert(mount("none", "readonly", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	differential_mount("fixed", "mode=755", uid);
	run_native(WORDS("/bin/sh", "-c",
			   text("cd fixed && mkdir frozen growing && "
				"touch immutable append frozen/file growing/file && "
				"chown %u immutable append frozen growing frozen/file growing/file",
				   uid)),
		&outcome);
	differential_flag("fixed/immutable", FS_IMMUTABLE_FL);
	differential_flag("fixed/append", FS_APPEND_FL);
	differential_flag("fixed/frozen", FS_IMMUTABLE_FL);
	differential_flag("fixed/growing", FS_APPEND_FL);
}

/* What the guests find: a place of the caller's own with some things of somebody else. */
static void differential_place(uid_t uid, bool mounts)
{
	static struct outcome outcome;

	for (size_t i = 0; i < sizeof(differential_mounts) / sizeof(differential_mounts[0]); i++)
		umount2(text("place/%s", differential_mounts[i]), MNT_DETACH);
	run_native(WORDS("/bin/sh", "-c", "chmod -R u+rwx place 2>/dev/null; rm -rf place"), &outcome);
	cr_assert(mkdir("place", 0755) == 0 && chdir("place") == 0);
	cr_assert(mkdir("foreign", 0755) == 0 && mkdir("foreign/sticky", 0755) == 0 &&
		  mkdir("foreign/closed", 0700) == 0);
	file_write("foreign/file", "f\n");
	file_write("foreign/sticky/file", "s\n");
	cr_assert(chmod("foreign/file", 0600) == 0 && chmod("foreign/sticky", 01777) == 0 &&
		  symlink("file", "foreign/link") == 0);
	if (mounts)
		differential_mount_all(uid);
	cr_assert(uid == 0 || chown(".", uid, uid) == 0);
}

/* Runs the guest; its lines are in the file of this name. */
static void differential_run(const char *const *command, const char *const *options, uid_t uid, const char *name)
{
	static struct outcome outcome;
	struct job job = { .options = options,
		.command = command,
		.uid = uid,
		.deadline_ms = JOB_MS,
		.prepare = options ? NULL : fixture_drop_capabilities };
	struct running running;

	/* Mounts disturb lookups of others: only where they are needed. */
	differential_place(uid, strstr(command[0], "diff_errnos"));
	fixture_start(&job, &running);
	fixture_finish(&running, &outcome);
	cr_assert(outcome.status == 0, "%s %s: status %d\n%.2000s", command[0], name, outcome.status, outcome.err);
	cr_assert(rename(running.out, text("../%s", name)) == 0 && chdir("..") == 0);
}

/* A line is "index call(arguments) = result and what the guest saw of it"; one that is not is shown as a call only. */
struct parts {
	const char *arguments, *result;
	int call_size, arguments_size;
};

static struct parts differential_parts(const char *line)
{
	const char *name = line + strspn(line, "0123456789 "), *end = strstr(line, " = ");
	const char *open = strchr(line, '(');
	struct parts parts = { .arguments = "", .result = "" };

	for (const char *next = end; next; next = strstr(next + 1, " = "))
		end = next;
	parts.call_size = (int)(end ? end - name : (long)strlen(name));
	if (!end)
		return parts;
	parts.result = end + 3;
	if (!open || open > end || end[-1] != ')')
		return parts;
	parts.call_size = (int)(open - name);
	parts.arguments = open + 1;
	parts.arguments_size = (int)(end - open) - 2;
	return parts;
}

static void differential_print(FILE *file, const char *call, const struct parts *native, const char *ours)
{
	fprintf(file, "%-24.*s | %-46.*s | %-30s | %s\n", native->call_size, call, native->arguments_size,
		native->arguments, native->result, ours);
}

/* Into the table, and the first rows to the log of the test, too. */
static void differential_row(struct comparison *comparison, const char *native, const char *ours)
{
	static const struct parts heads = { "arguments", "native", 4, 9 };
	struct parts ours_parts = differential_parts(ours), parts = differential_parts(native);
	size_t same = (size_t)(parts.result - native);
	bool named = parts.result[0] && strncmp(native, ours, same) == 0;
	FILE *files[] = { comparison->table, comparison->differences < DIFFERENCES_SHOWN ? stderr : NULL };

	for (size_t i = 0; i < 2 && files[i]; i++) {
		if (comparison->differences == 0)
			differential_print(files[i], "call", &heads, "under Kennel");
		differential_print(
			files[i], native + strspn(native, "0123456789 "), &parts, named ? ours_parts.result : ours);
	}
	comparison->differences++;
}

static bool differential_line(FILE *file, char *line)
{
	if (!fgets(line, LINE_MAX_SIZE, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* The table stays in the build folder if there is something in it. */
static struct comparison differential_compare(const char *native_name, const char *our_name, const char *table)
{
	static char native[LINE_MAX_SIZE], ours[LINE_MAX_SIZE];
	struct comparison comparison = { .table = fopen(table, "we") };
	FILE *native_file = fopen(native_name, "re"), *our_file = fopen(our_name, "re");

	cr_assert(
		native_file && our_file && comparison.table, "cannot open %s, %s or %s", native_name, our_name, table);
	while (differential_line(native_file, native)) {
		comparison.lines++;
		if (!differential_line(our_file, ours))
			strcpy(ours, "(no such line)");
		if (strcmp(native, ours) != 0)
			differential_row(&comparison, native, ours);
	}
	while (differential_line(our_file, ours))
		differential_row(&comparison, "(no such line)", ours);
	fclose(native_file);
	fclose(our_file);
	fclose(comparison.table);
	if (comparison.differences == 0)
		unlink(table);
	return comparison;
}

/* One table for each test, in the folder that KENNEL_TABLES names. */
static const char *differential_table(const char *name, uid_t uid, enum way way)
{
	static const char *const ways[] = { "watched", "paths", "unlocked" };
	const char *folder = getenv("KENNEL_TABLES");

	return text("%s/%s-%s-%s.txt", folder && *folder ? folder : "..", name, ways[way], uid ? "nobody" : "root");
}

static void differential_check(const char *name, uid_t uid, enum way way, unsigned at_least)
{
	const char *const *const options[] = {
		[WAY_WATCHED] = WORDS(DEVICES, WATCH_ALL, ABIS),
		[WAY_PATHS] = WORDS("-m", "sandbox/walk,stat:off", DEVICES, WATCH_ALL, ABIS),
		[WAY_UNLOCKED] = WORDS("-p", "off", "-m", "lock:off", "-m", "sandbox/dpath:on", DEVICES),
	};
	const char *const *command = WORDS(fixture_guest(name), way == WAY_PATHS ? NULL : "no-path");
	const char *table = differential_table(name, uid, way);
	struct comparison comparison;

	fixture_need_root();
	if (strstr(name, "diff_errnos"))
		differential_own_mounts();
	differential_run(command, NULL, uid, "native");
	differential_run(command, NULL, uid, "native2");
	comparison = differential_compare("native", "native2", table);
	cr_assert(comparison.differences == 0, "%s is not the same twice natively", name);
	differential_run(command, options[way], uid, "ours");
	comparison = differential_compare("native", "ours", table);
	note("%u results compared: %s %s as %s, %u differ", comparison.lines, name,
		way == WAY_PATHS ? "paths" : "watched", uid ? "nobody" : "root", comparison.differences);
	cr_assert(comparison.lines >= at_least, "only %u results", comparison.lines);
	cr_assert(comparison.differences == 0, "%s as %u: %u of %u results differ, all of them in %s", name, uid,
		comparison.differences, comparison.lines, table);
}

#define DIFFERENTIAL_BY(id, program, way_name, way, at_least) \
	Test(differential, id##_##way_name##_as_root) \
	{ \
		differential_check(program, 0, way, at_least); \
	} \
	Test(differential, id##_##way_name##_as_nobody) \
	{ \
		differential_check(program, NOBODY, way, at_least); \
	}

#define DIFFERENTIAL_WATCHED(id, at_least) \
	DIFFERENTIAL_BY(id, "diff_" #id, watched, WAY_WATCHED, at_least) \
	DIFFERENTIAL_BY(id##_i386, "diff_" #id ".32", watched, WAY_WATCHED, at_least) \
	DIFFERENTIAL_BY(id##_ilp32, "diff_" #id ".ilp32", watched, WAY_WATCHED, at_least)

/* With sanitizers once is enough: the other ways ask the same of less of the supervisor. */
#ifdef __SANITIZE_ADDRESS__
#define DIFFERENTIAL DIFFERENTIAL_WATCHED
#else
#define DIFFERENTIAL(id, at_least) \
	DIFFERENTIAL_WATCHED(id, at_least) \
	DIFFERENTIAL_BY(id, "diff_" #id, paths_kept, WAY_PATHS, at_least)
#endif

DIFFERENTIAL(open, 3900)
DIFFERENTIAL(look, 4900)
DIFFERENTIAL(change, 1400)
DIFFERENTIAL(move, 6200)
DIFFERENTIAL(exec, 1850)
DIFFERENTIAL(attr, 14000)
DIFFERENTIAL(list, 300)
DIFFERENTIAL(watch, 350)
DIFFERENTIAL(deep, 880)
DIFFERENTIAL(memory, 270)
/* The longest, with little that the second way makes different. */
DIFFERENTIAL_WATCHED(edges, 7600)
DIFFERENTIAL(errnos, 3000)

DIFFERENTIAL_BY(open, "diff_open", unlocked, WAY_UNLOCKED, 3900)
DIFFERENTIAL_BY(look, "diff_look", unlocked, WAY_UNLOCKED, 4900)
DIFFERENTIAL_BY(list, "diff_list", unlocked, WAY_UNLOCKED, 300)
DIFFERENTIAL_BY(self, "diff_self", watched, WAY_WATCHED, 1800)
DIFFERENTIAL_BY(self_i386, "diff_self.32", watched, WAY_WATCHED, 1800)
DIFFERENTIAL_BY(self_ilp32, "diff_self.ilp32", watched, WAY_WATCHED, 1800)
DIFFERENTIAL_BY(self, "diff_self", paths_kept, WAY_PATHS, 1800)
DIFFERENTIAL_BY(net, "diff_net", watched, WAY_WATCHED, 3200)
DIFFERENTIAL_BY(net_i386, "diff_net.32", watched, WAY_WATCHED, 3200)
DIFFERENTIAL_BY(net_ilp32, "diff_net.ilp32", watched, WAY_WATCHED, 3200)
DIFFERENTIAL_BY(sock, "diff_sock", watched, WAY_WATCHED, 6500)
DIFFERENTIAL_BY(sock_i386, "diff_sock.32", watched, WAY_WATCHED, 6500)
DIFFERENTIAL_BY(sock_ilp32, "diff_sock.ilp32", watched, WAY_WATCHED, 6500)
DIFFERENTIAL_BY(sock_state, "diff_sock_state", watched, WAY_WATCHED, 4500)
DIFFERENTIAL_BY(sock_state_i386, "diff_sock_state.32", watched, WAY_WATCHED, 4500)
DIFFERENTIAL_BY(sock_state_ilp32, "diff_sock_state.ilp32", watched, WAY_WATCHED, 4500)
