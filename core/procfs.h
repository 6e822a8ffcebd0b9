/*
 * What a walk must know about procfs, where names depend on who looks: "self" means
 * the target, our own processes do not exist, and of processes outside the sandbox
 * nothing that ptrace would guard is reachable.
 */
#ifndef KENNEL_CORE_PROCFS_H
#define KENNEL_CORE_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/path.h"

struct call;
struct supervisor;

enum procfs_place {
	PROCFS_OTHER,
	PROCFS_ROOT,
	PROCFS_PROCESS, /* PID, or PID/task/TID */
	PROCFS_TASKS,   /* PID/task */
	PROCFS_LINKS,   /* PID/fd, fdinfo, map_files, ns */
};

/* True when the descriptor is on a procfs. */
bool procfs_holds(int fd);

/* True when some component of the text is the number of a process of ours. */
bool procfs_names_ours(const struct supervisor *supervisor, const char *text);

/* Which kind of directory of procfs the held descriptor is; `inode` is its number. */
enum procfs_place procfs_locate(const struct supervisor *supervisor, int dir, uint64_t inode);

/* Does the process, or the thread, of this number belong to the sandbox? 1, 0, -ENOENT. */
int procfs_member(struct call *call, int pid);

/* May the target cross or name this entry? 0, -ENOENT (ours: does not exist), or -EACCES. */
int procfs_judge(struct call *call, int dir, enum procfs_place place, const char *name);

/* The same after the entry of a place was opened: only then is it certain whose directory it is. */
int procfs_judge_opened(struct call *call, int fd, enum procfs_place place, const char *name);

/* The same for an object on a procfs that was reached by number or by a jump, not by a walk. */
int procfs_judge_held(struct call *call, int fd);

/*
 * Into a process that changed its ids nobody can look but itself, which we are not. True: this held object is of the
 * target's own process, and the kernel lets it pass through it and read the link, or open it so, whoever it is: our own
 * rights are on until identity_lower().
 */
bool procfs_lift_way(struct call *call, int fd);
bool procfs_lift_open(struct call *call, int fd, uint64_t flags);

/* Opens an entry of such a directory: an O_PATH descriptor or -errno, -EACCES where it is none. */
int procfs_open_own(struct call *call, int dir, const char *name, int flags);

/*
 * What "self" and "thread-self" say to the target: the length of text, 0 when the entry
 * is neither, or -errno.
 */
int procfs_self_text(struct call *call, enum procfs_place place, const char *name, char text[PATH_LINK_TEXT_SIZE]);

/* The same for a held descriptor of that name: fills text when it is such a link. 0 or -errno. */
int procfs_held_link(struct call *call, int fd, const char *name, char text[PATH_LINK_TEXT_SIZE]);

/* True when following the link is a jump to an object, not a string. */
bool procfs_is_magic(enum procfs_place place, const char *name);

#endif
