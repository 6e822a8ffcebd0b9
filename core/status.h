/*
 * /proc/TID/status as numbers: whose rights a thread has. Everything asked for must be
 * there, or the thread counts as gone. And single numbers of /proc/TID/stat.
 */
#ifndef KENNEL_CORE_STATUS_H
#define KENNEL_CORE_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A thread with more supplementary groups is refused: nobody could follow it. */
#define STATUS_GROUPS_MAX 1024

/* Holds a status with that many groups of ten digits each. */
#define STATUS_TEXT_SIZE (STATUS_GROUPS_MAX * 11 + 8192)

enum status_id { STATUS_REAL, STATUS_EFFECTIVE, STATUS_SAVED, STATUS_FS, STATUS_ID_COUNT };

struct status {
	pid_t leader;
	uid_t uid[STATUS_ID_COUNT];
	gid_t gid[STATUS_ID_COUNT];
	uint64_t permitted;
	uint64_t effective;
	mode_t umask;
	unsigned fd_size; /* slots allocated in the descriptor table */
	unsigned groups_count;
	gid_t groups[STATUS_GROUPS_MAX];
};

/* Parses NUL-terminated text. 0, -EINVAL when a line is missing or malformed, -E2BIG: too many groups. */
int status_parse(const char *text, struct status *status_out);

/* Reads and parses TID/status below proc_fd. text: STATUS_TEXT_SIZE bytes of room. 0 or -errno (-ESRCH). */
int status_read(int proc_fd, pid_t tid, char *text, struct status *status_out);

/* Reads a field of TID/stat below proc_fd, a number behind the name: 4 and up, see proc(5). 0 or -errno (-ESRCH). */
int status_field(int proc_fd, pid_t tid, unsigned field, int *value_out);

/* The children in a list of the kernel's, /proc/TID/task/TID/children; at most max, none if it cannot be read. */
unsigned status_children(const char *list, pid_t *pids_out, unsigned max);

/* Field 3 of /proc/TID/stat, a letter. 0 or -errno (-ESRCH). */
int status_state(pid_t tid, char *state_out);

#endif
