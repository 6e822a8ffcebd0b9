/*
 * Where lines go and that nothing about them blocks: files, sockets, pipes, slow readers.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/json.h"
#include "core/log.h"
#include "core/log_line.h"
#include "core/util.h"
#include "tests/unit/forked.h"
#include "tests/unit/json_check.h"

static char text[1 << 20];
static size_t text_length;

static void log_setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(20); /* a write that blocks ends the test */
}

TestSuite(log, .init = log_setup, .timeout = 180);

/* Everything that can be read without waiting, appended to text. */
static void log_read_some(int fd, size_t most)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	while (most && text_length < sizeof(text) - 1 && poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN)) {
		size_t room = sizeof(text) - 1 - text_length;
		ssize_t length = read(fd, text + text_length, room < most ? room : most);

		if (length <= 0)
			break;
		text_length += (size_t)length;
		most -= (size_t)length;
	}
	text[text_length] = '\0';
}

/* Each line whole and valid; their number. *dropped_out: the sum of what they report. */
static unsigned log_count_lines(unsigned long *dropped_out)
{
	unsigned count = 0;

	*dropped_out = 0;
	for (char *line = text; *line;) {
		char *end = strchr(line, '\n');
		char value[32], context[64];
		char after;

		cr_assert_not_null(end, "a cut line: %s", line);
		after = end[1];
		end[1] = '\0';
		cr_assert(json_check_line(line, (size_t)(end + 1 - line)), "%s", line);
		if (json_check_member(line, "dropped", value, sizeof(value))) {
			cr_expect(json_check_member(line, "ctx", context, sizeof(context)) &&
				  str_equal(context, "\"log\""));
			*dropped_out += strtoul(value, NULL, 10);
		} else {
			count++;
		}
		end[1] = after;
		line = end + 1;
	}
	return count;
}

static void log_events(struct log *log, unsigned count)
{
	char padding[401];

	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	for (unsigned i = 0; i < count; i++)
		log_event(log, "test", "%u %s", i, padding);
}

Test(log, event_is_one_line_of_json)
{
	int pipes[2];
	struct log *log;
	char member[128];

	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	log_event(log, "worker", "%s ended with %d", "\x1b[2J\"}\n{\"act\":\"allow\"", 7);
	log_read_some(pipes[0], sizeof(text));
	cr_expect(json_check_line(text, text_length), "%s", text);
	cr_expect(json_check_member(text, "ctx", member, sizeof(member)) && str_equal(member, "\"worker\""));
	cr_expect(json_check_member(text, "msg", member, sizeof(member)));
	cr_expect_str_eq(member, "\"\\u001b[2J\\\"}\\u000a{\\\"act\\\":\\\"allow\\\" ended with 7\"");
	cr_expect(json_check_member(text, "time", member, sizeof(member)));
	cr_expect_not(json_check_member(text, "act", member, sizeof(member)));
	log_free(log);
}

Test(log, time_is_now_in_utc)
{
	struct json json;
	char line[64], value[40];
	struct tm parsed = { 0 };
	time_t before = time(NULL);
	const char *rest;

	setenv("TZ", "Asia/Kathmandu", 1);
	json_begin(&json, line, sizeof(line) - 1);
	log_line_time(&json);
	line[json_end(&json)] = '\0';
	cr_assert(json_check_member(line, "time", value, sizeof(value)));
	rest = strptime(value, "\"%Y-%m-%dT%H:%M:%SZ\"", &parsed);
	cr_assert(rest && *rest == '\0', "%s", value);
	cr_expect(timegm(&parsed) >= before && timegm(&parsed) <= time(NULL), "%s", value);
}

Test(log, long_event_is_cut_and_stays_valid)
{
	int pipes[2];
	struct log *log;
	char wild[1000];

	memset(wild, 'a', sizeof(wild));
	wild[999] = '\0';
	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	log_event(log, "x", "%s", wild);
	log_read_some(pipes[0], sizeof(text));
	cr_expect(json_check_line(text, text_length));
	log_free(log);
}

Test(log, event_that_does_not_fit_is_counted)
{
	unsigned long dropped;
	int pipes[2];
	struct log *log;
	char wild[500];

	memset(wild, '\1', sizeof(wild));
	wild[499] = '\0';
	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	log_event(log, "x", "%s", wild); /* six times as long when escaped */
	log_event(log, "x", "next");
	log_read_some(pipes[0], sizeof(text));
	cr_expect_eq(log_count_lines(&dropped), 1);
	cr_expect_eq(dropped, 1);
	log_free(log);
}

Test(log, descriptor_is_its_own_and_closes_on_exec)
{
	int pipes[2];
	struct log *log;
	int own;

	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	own = log_fd(log);
	cr_expect(own >= 0 && own != pipes[1]);
	cr_expect_eq(fcntl(own, F_GETFD), FD_CLOEXEC);
	log_free(log);
	cr_expect_lt(fcntl(own, F_GETFD), 0);
	cr_expect_geq(fcntl(pipes[1], F_GETFD), 0);
}

Test(log, flags_of_the_callers_description_do_not_change)
{
	int pipes[2], sockets[2];

	cr_assert(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	log_free(log_new(pipes[1]));
	log_free(log_new(sockets[1]));
	cr_expect_not(fcntl(pipes[1], F_GETFL) & O_NONBLOCK);
	cr_expect_not(fcntl(sockets[1], F_GETFL) & O_NONBLOCK);
}

Test(log, closed_descriptor_is_a_log_of_nothing)
{
	struct log *log = log_new(-1);

	cr_assert_not_null(log);
	log_event(log, "x", "to nobody");
	log_flush(log);
	log_free(log);
	log_flush(NULL);
	log_free(NULL);
}

Test(log, regular_file_is_continued_where_the_caller_stands)
{
	FILE *file = tmpfile();
	unsigned long dropped;
	struct log *log;

	dprintf(fileno(file), "{}\n");
	log = log_new(fileno(file));
	log_events(log, 1000);
	log_flush(log);
	log_free(log);
	dprintf(fileno(file), "{}\n");
	lseek(fileno(file), 0, SEEK_SET);
	log_read_some(fileno(file), sizeof(text));
	cr_expect_eq(log_count_lines(&dropped), 1002);
	cr_expect_eq(dropped, 0);
}

/* Much more than the pipe and the buffer hold, then a reader that wakes up. */
static void log_overflow(int reader, int writer)
{
	struct log *log = log_new(writer);
	unsigned long dropped;
	unsigned lines;

	log_events(log, 2000);
	log_read_some(reader, sizeof(text));
	log_events(log, 1);
	log_read_some(reader, sizeof(text));
	log_flush(log);
	log_read_some(reader, sizeof(text));
	log_events(log, 1);
	log_read_some(reader, sizeof(text));
	lines = log_count_lines(&dropped);
	cr_expect(dropped > 0 && lines > 10, "%u lines, %lu dropped", lines, dropped);
	cr_expect_eq(lines + dropped, 2002, "%u lines, %lu dropped", lines, dropped);
	log_free(log);
}

Test(log, slow_reader_of_a_pipe_costs_lines_and_never_time)
{
	int pipes[2];

	cr_assert_eq(pipe(pipes), 0);
	log_overflow(pipes[0], pipes[1]);
}

Test(log, slow_reader_of_a_socket_costs_lines_and_never_time)
{
	int sockets[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	log_overflow(sockets[0], sockets[1]);
}

Test(log, reader_that_takes_a_little_at_a_time_gets_whole_lines)
{
	unsigned long dropped;
	int pipes[2];
	struct log *log;
	unsigned lines;

	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	for (unsigned i = 0; i < 600; i++) {
		log_events(log, 1);
		log_read_some(pipes[0], 97);
	}
	while (poll(&(struct pollfd){ .fd = pipes[0], .events = POLLIN }, 1, 0) == 1) {
		log_read_some(pipes[0], 16384);
		log_flush(log);
	}
	lines = log_count_lines(&dropped);
	cr_expect_eq(lines + dropped, 600, "%u lines, %lu dropped", lines, dropped);
	cr_expect_gt(dropped, 0);
	log_free(log);
}

Test(log, reader_that_went_away_harms_nobody)
{
	int pipes[2], sockets[2];
	struct log *log;

	signal(SIGPIPE, SIG_DFL); /* sockets promise not to raise it */
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	log = log_new(sockets[1]);
	close(sockets[0]);
	log_events(log, 300);
	log_flush(log);
	log_free(log);
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	close(pipes[0]);
	log_events(log, 300);
	log_flush(log);
	log_free(log);
}

Test(log, flush_waits_only_a_moment)
{
	struct timespec before, after;
	int pipes[2];
	struct log *log;

	cr_assert_eq(pipe(pipes), 0);
	log = log_new(pipes[1]);
	log_events(log, 2000);
	clock_gettime(CLOCK_MONOTONIC, &before);
	log_flush(log);
	clock_gettime(CLOCK_MONOTONIC, &after);
	cr_expect_lt(after.tv_sec - before.tv_sec, 3);
	log_free(log);
}

/* Somebody else's pipe (su, sudo): it cannot be opened anew, so it is polled before each write. */
static void log_into_foreign_pipe(void *context)
{
	int *pipes = context;
	struct log *log;

	forked_drop_root();
	signal(SIGALRM, SIG_DFL);
	alarm(5);
	log = log_new(pipes[1]);
	for (int i = 0; i < 30; i++)
		log_events(log, 1);
	log_free(log);
}

Test(log, pipe_of_another_user_is_written_to)
{
	unsigned long dropped;
	int pipes[2];

	if (geteuid() != 0)
		cr_skip_test("needs root to have a pipe of another user");
	cr_assert_eq(pipe(pipes), 0);
	cr_expect_eq(forked_run(log_into_foreign_pipe, pipes), 0);
	log_read_some(pipes[0], sizeof(text));
	cr_expect_eq(log_count_lines(&dropped), 30);
}

static void log_overflow_foreign_pipe(void *context)
{
	int *pipes = context;
	struct log *log;

	forked_drop_root();
	signal(SIGALRM, SIG_DFL);
	alarm(5);
	log = log_new(pipes[1]);
	log_events(log, 200);
	log_read_some(pipes[0], 5000); /* room for a part of what waits */
	log_events(log, 1);
	log_flush(log);
	log_free(log);
}

Test(log, slow_reader_of_another_users_pipe_costs_no_time)
{
	int pipes[2];
	int status;

	if (geteuid() != 0)
		cr_skip_test("needs root to have a pipe of another user");
	cr_assert_eq(pipe(pipes), 0);
	status = forked_run(log_overflow_foreign_pipe, pipes);
	cr_expect_eq(status, 0, "%s", status == SIGALRM ? "blocked" : "failed");
}
