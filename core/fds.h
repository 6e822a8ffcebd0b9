/*
 * Descriptors of the target, reached from here: duplicates through pidfd_getfd, and
 * numbers reserved in the target's table.
 */
#ifndef KENNEL_CORE_FDS_H
#define KENNEL_CORE_FDS_H

struct call;

/* A duplicate of the target's open file description, ours to close within the step. fd or -errno (-EBADF). */
int fds_get(struct call *call, int target_fd);

/*
 * The same for calls that come in rows, by the pidfd that the thread keeps; and for callers that ask call_revalidate()
 * before they do anything with it: whose number it was read by is not known until then. It may be kept, and goes
 * through fds_put().
 */
int fds_get_unchecked(struct call *call, int target_fd);

/* Closes what is, or may be, a duplicate of the target's: no socket holds us up with it. */
void fds_put(struct call *call, int fd);

/*
 * What /dev/tty is to the target: its controlling terminal, opened with open_flags.
 * fd or -errno (-ENXIO: it has none, or none that can be reached from here).
 */
int fds_open_terminal(struct call *call, int open_flags);

#endif
