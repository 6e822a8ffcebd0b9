/*
 * Directories whose name is gone or moved: a deleted cwd or dirfd, one that was
 * renamed while held, and one whose old name now belongs to another directory.
 */
#include "guest.h"

static void lose_check_deleted(void)
{
	struct stat status;
	char text[16];
	int dir;

	CHECK(mkdir("gone", 0755) == 0 && (dir = open("gone", O_PATH | O_DIRECTORY)) >= 0);
	CHECK(chdir("gone") == 0 && rmdir("../gone") == 0);
	CHECK_ERR(ENOENT, open("file", O_RDONLY));
	CHECK_ERR(ENOENT, open("new", O_WRONLY | O_CREAT, 0600));
	CHECK_ERR(ENOENT, mknod("new", S_IFREG | 0600, 0));
	CHECK(stat(".", &status) == 0 && S_ISDIR(status.st_mode) && status.st_nlink == 0);
	CHECK(guest_read("../file", text, sizeof(text)) == 5);
	CHECK_ERR(ENOENT, openat(dir, "file", O_RDONLY));
	CHECK_ERR(ENOENT, openat(dir, "new", O_WRONLY | O_CREAT, 0600));
	CHECK(openat(dir, ".", O_RDONLY | O_DIRECTORY) >= 0);
	CHECK(mkdir("../gone", 0755) == 0);
	guest_write("../gone/file", "trap!");
	CHECK_ERR(ENOENT, open("file", O_RDONLY));
	CHECK_ERR(ENOENT, openat(dir, "file", O_RDONLY));
	CHECK(fstatat(dir, "", &status, AT_EMPTY_PATH) == 0 && status.st_nlink == 0);
	CHECK(chdir("..") == 0 && close(dir) == 0);
}

static void lose_check_moved(void)
{
	char text[16];
	int dir;

	CHECK(mkdir("old", 0755) == 0 && (dir = open("old", O_PATH | O_DIRECTORY)) >= 0 && chdir("old") == 0);
	guest_write("file", "moved");
	CHECK(rename("../old", "../new") == 0 && mkdir("../old", 0755) == 0);
	guest_write("../old/file", "trap!");
	CHECK(guest_read("file", text, sizeof(text)) == 5 && strcmp(text, "moved") == 0);
	CHECK(open("made", O_WRONLY | O_CREAT, 0600) >= 0 && access("../new/made", F_OK) == 0);
	CHECK(openat(dir, "file", O_RDONLY) >= 0 && openat(dir, "late", O_WRONLY | O_CREAT, 0600) >= 0);
	CHECK(access("../new/late", F_OK) == 0 && access("../old/late", F_OK) == -1);
	CHECK(chdir("..") == 0);
}

/* A name that ends in the words the kernel adds to deleted ones is still a name. */
static void lose_check_suffix(void)
{
	char text[16];
	int dir;

	CHECK(mkdir("odd (deleted)", 0755) == 0 && (dir = open("odd (deleted)", O_PATH | O_DIRECTORY)) >= 0);
	guest_write("odd (deleted)/file", "alive");
	CHECK(openat(dir, "file", O_RDONLY) >= 0 && chdir("odd (deleted)") == 0);
	CHECK(guest_read("file", text, sizeof(text)) == 5 && guest_read("./file", text, sizeof(text)) == 5);
	CHECK(chdir("..") == 0 && mkdir("odd", 0755) == 0 && (dir = open("odd", O_PATH)) >= 0 && rmdir("odd") == 0);
	CHECK_ERR(ENOENT, openat(dir, "file", O_RDONLY));
	CHECK(mkdir("new\nline", 0755) == 0 && chdir("new\nline") == 0);
	guest_write("file", "lines");
	CHECK(guest_read("file", text, sizeof(text)) == 5 && chdir("..") == 0);
}

int main(void)
{
	guest_write("file", "above");
	lose_check_deleted();
	lose_check_moved();
	lose_check_suffix();
	return 0;
}
