/*
 * Messages with descriptors between two ends of a socket pair in one process.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/channel.h"

static int ends[2];

static void channel_setup(void)
{
	cr_assert_eq(channel_pair(ends), 0);
}

TestSuite(channel, .init = channel_setup, .timeout = 60);

static unsigned channel_open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(channel, both_ends_close_on_exec)
{
	cr_expect_eq(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	cr_expect_eq(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
}

Test(channel, message_arrives_whole)
{
	struct message sent = { .type = MESSAGE_WORK, .id = 7, .pid = 42, .status = -5, .value = UINT64_MAX - 1 };
	struct message received;
	unsigned count = 99;

	sent.identity.groups_count = IDENTITY_GROUPS_MAX;
	sent.identity.groups[IDENTITY_GROUPS_MAX - 1] = 12345;
	cr_assert_eq(channel_send(ends[0], &sent, NULL, 0), 0);
	cr_assert_eq(channel_receive(ends[1], false, &received, NULL, 0, &count), 1);
	cr_expect_eq(count, 0);
	cr_expect_eq(memcmp(&sent, &received, sizeof(sent)), 0);
}

Test(channel, messages_keep_their_order_and_bounds)
{
	struct message message = { .type = MESSAGE_RELEASE };

	for (uint32_t i = 1; i <= 10; i++) {
		message.id = i;
		cr_assert_eq(channel_send(ends[0], &message, NULL, 0), 0);
	}
	for (uint32_t i = 1; i <= 10; i++) {
		cr_assert_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), 1);
		cr_expect_eq(message.id, i);
	}
}

Test(channel, descriptors_arrive_in_order_and_close_on_exec)
{
	struct message message = { .type = MESSAGE_LAUNCH };
	int sent[CHANNEL_FDS_MAX], received[CHANNEL_FDS_MAX];
	unsigned count = 0;

	for (int i = 0; i < CHANNEL_FDS_MAX; i++)
		sent[i] = i % 2 ? ends[0] : STDIN_FILENO;
	cr_assert_eq(channel_send(ends[0], &message, sent, CHANNEL_FDS_MAX), 0);
	cr_assert_eq(channel_receive(ends[1], false, &message, received, CHANNEL_FDS_MAX, &count), 1);
	cr_assert_eq(count, CHANNEL_FDS_MAX);
	for (int i = 0; i < CHANNEL_FDS_MAX; i++) {
		struct stat theirs, ours;

		cr_assert(fstat(sent[i], &theirs) == 0 && fstat(received[i], &ours) == 0);
		cr_expect_eq(theirs.st_ino, ours.st_ino);
		cr_expect_eq(fcntl(received[i], F_GETFD), FD_CLOEXEC);
	}
}

Test(channel, more_descriptors_than_fit_are_refused)
{
	struct message message = { .type = MESSAGE_LAUNCH };
	int fds[CHANNEL_FDS_MAX + 1] = { 0 };

	cr_expect_eq(channel_send(ends[0], &message, fds, CHANNEL_FDS_MAX + 1), -EINVAL);
	cr_expect_eq(channel_receive(ends[1], true, &message, NULL, 0, NULL), -EAGAIN);
}

Test(channel, descriptors_nobody_wants_are_closed)
{
	struct message message = { .type = MESSAGE_LAUNCH };
	int fds[5] = { 0, 0, 0, 0, 0 };
	int received[2] = { -1, -1 };
	unsigned before = channel_open_descriptors();
	unsigned count = 0;

	cr_assert_eq(channel_send(ends[0], &message, fds, 5), 0);
	cr_assert_eq(channel_receive(ends[1], false, &message, received, 2, &count), 1);
	cr_expect_eq(count, 2);
	cr_expect_eq(channel_open_descriptors(), before + 2);
	cr_assert_eq(channel_send(ends[0], &message, fds, 5), 0);
	cr_assert_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), 1);
	cr_expect_eq(channel_open_descriptors(), before + 2);
}

Test(channel, descriptors_stay_the_senders)
{
	struct message message = { .type = MESSAGE_LAUNCH };
	int fd = dup(STDIN_FILENO);

	cr_assert_eq(channel_send(ends[0], &message, &fd, 1), 0);
	cr_expect_geq(fcntl(fd, F_GETFD), 0);
}

Test(channel, nothing_there_is_again_without_waiting)
{
	struct message message;

	cr_expect_eq(channel_receive(ends[1], true, &message, NULL, 0, NULL), -EAGAIN);
}

Test(channel, other_side_gone_is_end_of_file)
{
	struct message message = { .type = MESSAGE_END };

	cr_assert_eq(channel_send(ends[0], &message, NULL, 0), 0);
	close(ends[0]);
	cr_expect_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), 1, "what was sent before still arrives");
	cr_expect_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), 0);
}

Test(channel, other_side_gone_with_unread_messages_is_end_of_file)
{
	struct message message = { .type = MESSAGE_END };

	cr_assert_eq(channel_send(ends[1], &message, NULL, 0), 0);
	close(ends[0]);
	cr_expect_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), 0, "ECONNRESET is the same end");
}

Test(channel, sending_to_nobody_raises_no_signal)
{
	struct message message = { .type = MESSAGE_END };

	close(ends[1]);
	cr_expect_eq(channel_send(ends[0], &message, NULL, 0), -EPIPE);
}

Test(channel, short_message_is_a_protocol_error)
{
	struct message message;

	cr_assert_eq(send(ends[0], "short", 5, 0), 5);
	cr_expect_eq(channel_receive(ends[1], false, &message, NULL, 0, NULL), -EPROTO);
}

Test(channel, last_words_of_a_peer_that_left_ours_unread_are_heard)
{
	struct message message = { .type = MESSAGE_ENDED, .status = 7 };
	struct message heard = { .type = MESSAGE_LAUNCH };
	int fds[2];

	cr_assert_eq(channel_pair(fds), 0);
	cr_assert_eq(channel_send(fds[0], &(struct message){ .type = MESSAGE_WORK_CANCEL }, NULL, 0), 0);
	cr_assert_eq(channel_send(fds[1], &message, NULL, 0), 0);
	close(fds[1]);
	cr_expect_eq(channel_receive(fds[0], true, &heard, NULL, 0, NULL), 1);
	cr_expect(heard.type == MESSAGE_ENDED && heard.status == 7);
	cr_expect_eq(channel_receive(fds[0], true, &heard, NULL, 0, NULL), 0);
	close(fds[0]);
}
