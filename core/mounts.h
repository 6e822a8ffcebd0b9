/*
 * Which mount points are procfs (paths below them depend on who looks) and which are slow:
 * a process, which may be one of the sandbox, or another machine answers for them, perhaps
 * never. Read from mountinfo, again whenever it changes.
 */
#ifndef KENNEL_CORE_MOUNTS_H
#define KENNEL_CORE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct mounts;
struct supervisor;

/* NULL when mountinfo cannot be read. */
struct mounts *mounts_new(void);
void mounts_free(struct mounts *mounts);

/* Follows changes from now on, in the turn of the loop after each. To be freed before the loop. 0 or -errno. */
int mounts_watch(struct mounts *mounts, struct supervisor *supervisor);

/* True when the absolute name is a procfs mount point or below one. */
bool mounts_below_procfs(const struct mounts *mounts, const char *name);

/*
 * Is this the folder of one process, or something in it, mounted elsewhere (`mount --bind /proc/PID`)? Nothing tells
 * there whose it is.
 */
bool mounts_shows_process(const struct mounts *mounts, uint64_t id);

/* Is the name on or below a slow mount; is there any; is it the one with this number (statx's stx_mnt_id)? */
bool mounts_below_slow(const struct mounts *mounts, const char *name);
bool mounts_any_slow(const struct mounts *mounts);
bool mounts_is_slow(const struct mounts *mounts, uint64_t id);

/*
 * Does the absolute name, whose last mount has this number as the kernel says, lead there in our namespace? Asks
 * nobody for the right to walk the name. False where the mount is detached, of another namespace, or covered.
 */
bool mounts_lead_to(const struct mounts *mounts, uint64_t id, const char *name);

enum mount_state {
	MOUNT_NEVER_SEEN,
	MOUNT_THERE,
	MOUNT_GONE,             /* since we began: the kernel tells names below it without its point */
	MOUNT_GONE_WITH_OTHERS, /* so is what it was mounted on: what the names lack, nobody can say */
};

/* Where the mount with this number is, or was: "" for the root. Nothing is told of one never seen. */
enum mount_state mounts_point(const struct mounts *mounts, uint64_t id, const char **point_out);

/* Is any of them gone since we began? */
bool mounts_any_gone(const struct mounts *mounts);

/* Reads them again at once when they have changed, for who cannot wait for the next turn of the loop. */
void mounts_refresh(struct mounts *mounts);

/* fs.protected_symlinks as it was at the start: our walk follows links in the kernel's place. */
bool mounts_protected_symlinks(const struct mounts *mounts);

/* The same of fs.protected_hardlinks, which the kernel itself asks for our links. */
bool mounts_protected_hardlinks(const struct mounts *mounts);

#endif
