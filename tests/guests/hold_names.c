/*
 * A name that a rule treats differently cannot be shed: no rename, exchange or link of
 * it, or of a directory above it, gives the object a name that allows more. The tests
 * deny reading secret/file; with the argument "native" the same deeds must work.
 */
#include "guest.h"

static bool hold_native;

static bool hold_can_read(const char *path)
{
	char text[16];

	return guest_read(path, text, sizeof(text)) > 0 && strncmp(text, "secret", 6) == 0;
}

/* The deed must fail with EACCES under the rule, and must work without it. */
static void hold_try(int line, const char *deed, int result, const char *new_name)
{
	int error = errno;

	if (hold_native && (result != 0 || !hold_can_read(new_name)))
		guest_fail(__FILE__, line, deed, error);
	if (!hold_native && (result != -1 || error != EACCES))
		guest_fail(__FILE__, line, deed, error);
	if (!hold_native && (hold_can_read(new_name) || access("secret/file", F_OK)))
		guest_fail(__FILE__, line, "the secret is readable or gone", 0);
}

#define HOLD(call, new_name) hold_try(__LINE__, #call, (errno = 0, (int)(call)), new_name)

static int hold_back(const char *now, const char *before)
{
	return hold_native ? renameat2(AT_FDCWD, now, AT_FDCWD, before, RENAME_NOREPLACE) : 0;
}

static void hold_files(void)
{
	char name[64];
	int dir = open("secret", O_PATH | O_DIRECTORY);
	int held = open("secret/file", O_PATH);

	CHECK(dir >= 0 && held >= 0);
	HOLD(rename("secret/file", "plain/moved"), "plain/moved");
	CHECK(hold_back("plain/moved", "secret/file") == 0);
	HOLD(renameat(dir, "file", AT_FDCWD, "plain/other"), "plain/other");
	CHECK(hold_back("plain/other", "secret/file") == 0);
	HOLD(renameat2(dir, "file", AT_FDCWD, "plain/file", RENAME_EXCHANGE), "plain/file");
	CHECK(!hold_native || renameat2(dir, "file", AT_FDCWD, "plain/file", RENAME_EXCHANGE) == 0);
	HOLD(renameat2(AT_FDCWD, "plain/file", dir, "file", RENAME_EXCHANGE), "plain/file");
	CHECK(!hold_native || renameat2(dir, "file", AT_FDCWD, "plain/file", RENAME_EXCHANGE) == 0);
	HOLD(link("secret/file", "plain/linked"), "plain/linked");
	HOLD(linkat(dir, "../secret/./file", AT_FDCWD, "plain/linked2", 0), "plain/linked2");
	HOLD(linkat(AT_FDCWD, "alias", AT_FDCWD, "plain/followed", AT_SYMLINK_FOLLOW), "plain/followed");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", held);
	HOLD(linkat(AT_FDCWD, name, AT_FDCWD, "plain/by-fd", AT_SYMLINK_FOLLOW), "plain/by-fd");
	if (geteuid() == 0)
		HOLD(linkat(held, "", AT_FDCWD, "plain/by-empty", AT_EMPTY_PATH), "plain/by-empty");
	CHECK(close(dir) == 0 && close(held) == 0);
}

static void hold_directories(void)
{
	HOLD(rename("secret", "public"), "public/file");
	CHECK(hold_back("public", "secret") == 0);
	HOLD(renameat2(AT_FDCWD, "secret", AT_FDCWD, "plain", RENAME_EXCHANGE), "plain/file");
	CHECK(!hold_native || renameat2(AT_FDCWD, "secret", AT_FDCWD, "plain", RENAME_EXCHANGE) == 0);
	HOLD(renameat2(AT_FDCWD, "plain", AT_FDCWD, "secret", RENAME_EXCHANGE), "plain/file");
	CHECK(!hold_native || renameat2(AT_FDCWD, "secret", AT_FDCWD, "plain", RENAME_EXCHANGE) == 0);
	CHECK(chdir("secret") == 0);
	CHECK(hold_native || (rename("../secret", "../public") == -1 && errno == EACCES));
	CHECK(chdir("..") == 0);
}

/* What no rule tells apart moves as ever. */
static void hold_others(void)
{
	CHECK(mkdir("free", 0755) == 0);
	guest_write("free/file", "free");
	CHECK(rename("free/file", "free/moved") == 0 && link("free/moved", "free/twin") == 0);
	CHECK(rename("free", "freed") == 0 && access("freed/twin", F_OK) == 0);
	CHECK(mkdir("peer", 0755) == 0 && renameat2(AT_FDCWD, "freed", AT_FDCWD, "peer", RENAME_EXCHANGE) == 0);
	CHECK_ERR(EEXIST, renameat2(AT_FDCWD, "freed", AT_FDCWD, "peer", RENAME_NOREPLACE));
	CHECK_ERR(EINVAL, renameat2(AT_FDCWD, "freed", AT_FDCWD, "peer", 0x100));
	CHECK_ERR(ENOENT, rename("missing", "peer"));
	CHECK_ERR(ENOENT, link("missing", "new"));
	CHECK_ERR(EEXIST, link("peer/twin", "peer/moved"));
}

int main(int argc, char **argv)
{
	hold_native = argc > 1 && strcmp(argv[1], "native") == 0;
	CHECK(access("secret/file", F_OK) == 0 && access("plain/file", F_OK) == 0);
	CHECK(symlink("secret/file", "alias") == 0 && symlink("secret", "alias-dir") == 0);
	CHECK(hold_can_read("secret/file") == hold_native && hold_can_read("alias") == hold_native);
	CHECK(hold_can_read("alias-dir/file") == hold_native && hold_can_read("plain/../secret/file") == hold_native);
	hold_others();
	hold_files();
	hold_directories();
	return 0;
}
