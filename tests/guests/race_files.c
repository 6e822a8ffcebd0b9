/*
 * Races with one call on a file: while it is made again and again, what it names changes between "good" and "evil".
 * Arguments: flip operation tries ms patience_ms. In the cwd are the directories good, evil and flip with their
 * files; what becomes of evil/file is looked at by the test afterwards. Counts are printed: evil is how often the
 * secret was told. Flips "path", "how", "dirfd" and "cwd" are made here; for the others somebody outside exchanges
 * names.
 */
#include "race.h"

#include <linux/openat2.h>
#include <sys/xattr.h>

enum { FILES_FLIP_FD = 50, FILES_GOOD_FD, FILES_EVIL_FD, FILES_BASE_FD, FILES_HOME_FD };
enum { FILES_CROSSINGS = 10, FILES_BATCH = 50 };

struct files {
	struct race *race;
	const char *path; /* what the call names, relative to dirfd */
	int dirfd;
	struct open_how how;
};

/* leaf: a file that is there, or a name that the call makes. */
struct operation {
	const char *name;
	long (*run)(struct files *files);
	const char *leaf;
};

static long files_read(struct files *files)
{
	char text[8] = "";
	int fd = openat(files->dirfd, files->path, O_RDONLY);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) > 0 && memcmp(text, "secret", 6) == 0)
		files->race->evil++;
	return close(fd);
}

static long files_write(struct files *files)
{
	int fd = openat(files->dirfd, files->path, O_WRONLY);

	if (fd < 0)
		return -1;
	CHECK(write(fd, "w", 1) == 1);
	return close(fd);
}

static long files_cut(struct files *files)
{
	int fd = openat(files->dirfd, files->path, O_RDWR | O_TRUNC);

	return fd < 0 ? -1 : close(fd);
}

/* Allowed for reading only: nobody may get anything else. */
static long files_open_how(struct files *files)
{
	int fd = (int)syscall(SYS_openat2, files->dirfd, files->path, &files->how, sizeof(files->how));

	if (fd < 0)
		return -1;
	files->race->evil += (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	return close(fd);
}

static long files_stat(struct files *files)
{
	struct stat status;

	if (fstatat(files->dirfd, files->path, &status, 0))
		return -1;
	files->race->evil += status.st_size == (off_t)strlen("secret");
	return 0;
}

static long files_truncate(struct files *files)
{
	return truncate(files->path, 3);
}

static long files_unlink(struct files *files)
{
	if (unlinkat(files->dirfd, files->path, 0))
		return -1;
	return close(openat(FILES_HOME_FD, "file", O_WRONLY | O_CREAT, 0644));
}

static long files_rename_old(struct files *files)
{
	if (renameat(files->dirfd, files->path, FILES_BASE_FD, "taken"))
		return -1;
	return renameat(FILES_BASE_FD, "taken", FILES_HOME_FD, "file");
}

static long files_rename_new(struct files *files)
{
	close(openat(FILES_BASE_FD, "fresh", O_WRONLY | O_CREAT, 0644));
	return renameat(FILES_BASE_FD, "fresh", files->dirfd, files->path);
}

static long files_exchange(struct files *files)
{
	return renameat2(FILES_BASE_FD, "mine", files->dirfd, files->path, RENAME_EXCHANGE);
}

static long files_link_old(struct files *files)
{
	if (linkat(files->dirfd, files->path, FILES_BASE_FD, "linked", 0))
		return -1;
	return unlinkat(FILES_BASE_FD, "linked", 0);
}

static long files_link_new(struct files *files)
{
	if (linkat(FILES_BASE_FD, "mine", files->dirfd, files->path, 0))
		return -1;
	unlinkat(FILES_HOME_FD, "new", 0);
	return 0;
}

static long files_create(struct files *files)
{
	int fd = openat(files->dirfd, files->path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return -1;
	unlinkat(FILES_HOME_FD, "new", 0);
	return close(fd);
}

static long files_mkdir(struct files *files)
{
	if (mkdirat(files->dirfd, files->path, 0755))
		return -1;
	unlinkat(FILES_HOME_FD, "new", AT_REMOVEDIR);
	return 0;
}

static long files_symlink(struct files *files)
{
	if (symlinkat("mine", files->dirfd, files->path))
		return -1;
	unlinkat(FILES_HOME_FD, "new", 0);
	return 0;
}

static long files_chmod(struct files *files)
{
	return fchmodat(files->dirfd, files->path, 0640, 0);
}

static long files_chown(struct files *files)
{
	return fchownat(files->dirfd, files->path, getuid(), getgid(), 0);
}

static long files_utime(struct files *files)
{
	return utimensat(files->dirfd, files->path, (struct timespec[2]){ { 1, 0 }, { 2, 0 } }, 0);
}

static long files_setxattr(struct files *files)
{
	return setxattr(files->path, "user.race", "v", 1, 0);
}

static const struct operation files_operations[] = {
	{ "read", files_read, "file" },
	{ "write", files_write, "file" },
	{ "cut", files_cut, "file" },
	{ "how", files_open_how, "file" },
	{ "stat", files_stat, "file" },
	{ "truncate", files_truncate, "file" },
	{ "unlink", files_unlink, "file" },
	{ "rename-old", files_rename_old, "file" },
	{ "rename-new", files_rename_new, "file" },
	{ "exchange", files_exchange, "file" },
	{ "link-old", files_link_old, "file" },
	{ "link-new", files_link_new, "new" },
	{ "create", files_create, "new" },
	{ "mkdir", files_mkdir, "new" },
	{ "symlink", files_symlink, "new" },
	{ "chmod", files_chmod, "file" },
	{ "chown", files_chown, "file" },
	{ "utime", files_utime, "file" },
	{ "setxattr", files_setxattr, "file" },
};

static void *files_flip_how(void *argument)
{
	struct files *files = argument;
	volatile uint64_t *flags = (volatile uint64_t *)&files->how.flags;

	while (!files->race->over) {
		*flags = O_RDWR | O_TRUNC;
		race_pause(RACE_PAUSE);
		*flags = O_RDONLY;
		race_pause(RACE_PAUSE);
	}
	return NULL;
}

static void *files_flip_path(void *argument)
{
	return race_flipper(((struct files *)argument)->race);
}

static void *files_flip_dirfd(void *argument)
{
	struct files *files = argument;

	while (!files->race->over) {
		dup2(FILES_EVIL_FD, FILES_FLIP_FD);
		race_pause(RACE_PAUSE);
		dup2(FILES_GOOD_FD, FILES_FLIP_FD);
		race_pause(RACE_PAUSE);
	}
	return NULL;
}

/* A process of its own, which shares the cwd and the memory with the one that calls. */
static int files_chdir(void *argument)
{
	struct files *files = argument;

	while (!files->race->over)
		if (syscall(SYS_fchdir, FILES_EVIL_FD) || syscall(SYS_fchdir, FILES_GOOD_FD))
			_exit(1);
	_exit(0);
}

static void *files_flip_cwd(void *argument)
{
	CHECK(guest_wait(race_clone(files_chdir, argument, CLONE_FS | CLONE_FILES | CLONE_VM)) == 0);
	return NULL;
}

/* home: where what is good lies; where that is exchanged from outside, until it is not the evil one. */
static void files_open(const char *home)
{
	struct stat evil, found;
	int fd;

	CHECK(dup2(open(".", O_RDONLY | O_DIRECTORY), FILES_BASE_FD) == FILES_BASE_FD);
	CHECK(dup2(open("good", O_RDONLY | O_DIRECTORY), FILES_GOOD_FD) == FILES_GOOD_FD);
	CHECK(dup2(open("evil", O_RDONLY | O_DIRECTORY), FILES_EVIL_FD) == FILES_EVIL_FD);
	CHECK(fstat(FILES_EVIL_FD, &evil) == 0);
	do {
		fd = open(home, O_RDONLY | O_DIRECTORY);
		CHECK(fd >= 0 && fstat(fd, &found) == 0 && dup2(fd, FILES_HOME_FD) == FILES_HOME_FD && close(fd) == 0);
	} while (found.st_ino == evil.st_ino);
}

/* The path of this flip; the cwd or FILES_FLIP_FD is where it begins. */
static char *files_path(struct files *files, const char *flip, const char *leaf)
{
	static char path[FILES_CROSSINGS * 8];
	char *end = path;

	files->dirfd = AT_FDCWD;
	if (strcmp(flip, "how") == 0) {
		snprintf(path, sizeof(path), "evil/%s", leaf);
	} else if (strcmp(flip, "dirfd") == 0 || strcmp(flip, "cwd") == 0) {
		files->dirfd = *flip == 'd' ? FILES_FLIP_FD : AT_FDCWD;
		snprintf(path, sizeof(path), "%s", leaf);
	} else if (strcmp(flip, "parent") == 0) {
		files->dirfd = FILES_FLIP_FD;
		CHECK(dup2(open("good/in", O_RDONLY | O_DIRECTORY), FILES_FLIP_FD) == FILES_FLIP_FD);
		snprintf(path, sizeof(path), "../%s", leaf);
	} else if (strcmp(flip, "dotdot") == 0) {
		end += sprintf(end, "good/");
		for (int i = 0; i < FILES_CROSSINGS; i++)
			end += sprintf(end, "in/../");
		sprintf(end, "%s", leaf);
	} else {
		snprintf(path, sizeof(path), "flip/one/%s", leaf);
	}
	return path;
}

static void files_try(struct files *files, const struct operation *operation)
{
	struct race *race = files->race;

	race->tries++;
	if (operation->run(files) >= 0)
		race->good++;
	else if (errno == EACCES || errno == ENOENT)
		race->refused++;
	else
		race->other++;
}

static const struct {
	const char *name;
	void *(*thread)(void *);
	const char *home;
} files_flips[] = {
	{ "path", files_flip_path, "good" },
	{ "how", files_flip_how, "good" },
	{ "dirfd", files_flip_dirfd, "good" },
	{ "cwd", files_flip_cwd, "good" },
	{ "symlink", NULL, "good" },
	{ "middle", NULL, "flip/one" },
	{ "dotdot", NULL, "good" },
	{ "parent", NULL, "good" },
};

/* So many tries or so long; whoever flips may have to wait for a processor, and both sides are to be seen. */
static bool files_over(const struct race *race, long tries, int64_t passed_ms, char **argv)
{
	long ms = atol(argv[4]);

	if (passed_ms < ms && race->tries < tries)
		return false;
	return (race->good && race->refused) || passed_ms >= ms + atol(argv[5]);
}

static void files_run(struct files *files, size_t flip, const struct operation *operation, char **argv)
{
	struct race *race = files->race;
	long tries = atol(argv[3]);
	int64_t start = guest_now_ms();
	pthread_t thread;

	files_open(files_flips[flip].home);
	CHECK(dup2(FILES_GOOD_FD, FILES_FLIP_FD) == FILES_FLIP_FD);
	files->path = flip == 0 ? race->path : files_path(files, argv[1], operation->leaf);
	CHECK(strcmp(argv[1], "cwd") != 0 || fchdir(FILES_GOOD_FD) == 0);
	CHECK(!files_flips[flip].thread || !pthread_create(&thread, NULL, files_flips[flip].thread, files));
	do {
		for (int i = 0; i < FILES_BATCH; i++)
			files_try(files, operation);
	} while (!files_over(race, tries, guest_now_ms() - start, argv));
	race->over = true;
	CHECK(!files_flips[flip].thread || pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
	static struct files files = { .dirfd = AT_FDCWD };
	const struct operation *operation = NULL;

	for (size_t i = 0; argc > 5 && i < sizeof(files_operations) / sizeof(files_operations[0]); i++)
		if (strcmp(argv[2], files_operations[i].name) == 0)
			operation = &files_operations[i];
	for (size_t i = 0; operation && i < sizeof(files_flips) / sizeof(files_flips[0]); i++) {
		char path[64];

		if (strcmp(argv[1], files_flips[i].name) != 0)
			continue;
		snprintf(path, sizeof(path), "good/%s", operation->leaf);
		files.race = race_new(path);
		files_run(&files, i, operation, argv);
		race_print(files.race);
		return files.race->evil > 0;
	}
	return 2;
}
