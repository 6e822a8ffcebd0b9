/*
 * What the last close of a file does has been done when close returns: whoever opened the file for us keeps no
 * copy of it. Each kind many times, because a copy would be gone a moment later.
 */
#include "guest.h"

#include <sys/file.h>
#include <sys/inotify.h>

#define CLOSE_TIMES 300

/* As flock(1) opens its file. */
static void close_locked(int other)
{
	int fd = open("file", O_RDONLY | O_NOCTTY | O_CREAT, 0666);

	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0 && close(fd) == 0);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == 0 && flock(other, LOCK_UN) == 0);
}

static void close_written(int other)
{
	CHECK(close(open("file", O_RDWR)) == 0);
	CHECK(fcntl(other, F_SETLEASE, F_RDLCK) == 0 && fcntl(other, F_SETLEASE, F_UNLCK) == 0);
}

static void close_watched(int watch)
{
	char events[200];

	CHECK(close(open("file", O_RDWR)) == 0);
	CHECK(read(watch, events, sizeof(events)) > 0);
}

static void close_writing_end(int reader)
{
	char text[2];
	int fd = open("fifo", O_WRONLY);

	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && read(reader, text, 2) == 1);
	CHECK(close(fd) == 0 && read(reader, text, 2) == 0);
}

static void close_reading_end(void)
{
	int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);

	CHECK(reader >= 0 && writer >= 0 && close(reader) == 0);
	CHECK_ERR(EPIPE, write(writer, "x", 1));
	close(writer);
}

int main(void)
{
	int other = open("file", O_RDONLY | O_CREAT, 0600), watch = inotify_init1(IN_NONBLOCK), reader;

	CHECK(other >= 0 && mkfifo("fifo", 0600) == 0 && watch >= 0);
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < CLOSE_TIMES; i++) {
		close_locked(other);
		close_written(other);
		close_reading_end();
	}
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK(reader >= 0 && inotify_add_watch(watch, "file", IN_CLOSE_WRITE) >= 0);
	for (int i = 0; i < CLOSE_TIMES; i++) {
		close_watched(watch);
		close_writing_end(reader);
	}
	return 0;
}
