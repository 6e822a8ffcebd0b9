/*
 * A handler's question to the policy. The answer is logged and the effects of
 * the action (stop, abort, kill, panic, exit) are carried out here.
 */
#ifndef KENNEL_CORE_ACCESS_H
#define KENNEL_CORE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/category.h"

struct address;
struct call;
struct path;

/* 0, or the -errno of the category when the rules refuse it. Logs; call once per effect. */
int access_check(struct call *call, enum category category, const char *name);

/* The same for a resolved path: unnamed objects are allowed (they have no name to judge). */
int access_check_path(struct call *call, enum category category, const struct path *path);

/* True when a rule, and not merely the default, allows this name. */
bool access_has_rule(const struct call *call, enum category category, const char *name);

/*
 * The categories that are about more than a name: the filesystem of an object (fs), a request, and a
 * device that is opened (ioctl). 0 or -errno, logged, as access_check().
 */
int access_check_filesystem(struct call *call, int fd);
int access_check_request(struct call *call, uint32_t request);
int access_check_device(struct call *call, const char *name);

/* True when opening a device of this name would be refused or logged. */
bool access_judges_device(const struct call *call, const char *name);

/* The net categories: an IP address, or a socket without a path. For net/connect also block+. */
int access_check_address(struct call *call, enum category category, const struct address *address);
/* Would it be refused? Silent. */
bool access_refuses_address(const struct call *call, enum category category, const struct address *address);
int access_check_link(struct call *call, unsigned family);
bool access_judges_sockets(const struct call *call); /* is any of the net categories active? */

/* append+: 0, or -EPERM (logged) for opening with flags that do else than append. */
int access_check_append(struct call *call, const char *name, uint64_t flags);
bool access_appends(const struct call *call, const char *name);

/* mask+: the path to show instead, or NULL. */
const char *access_mask(const struct call *call, const char *name);

/* filename/strict:on: 0, or -EINVAL (logged) for a last component that is hostile. */
bool access_judges_made(const struct call *call, const char *name);
int access_check_made(struct call *call, const char *name);

/* What this call is going to ask for, as CAT_BIT()s: so that the tip of a refusal names all of it. */
void access_wants(struct call *call, uint64_t categories);

/* Would it be allowed without a log line (warn is not)? Silent, no effects. */
bool access_allows(const struct call *call, enum category category, const char *name);

/* Would it be refused (warn is not)? Silent, no effects. */
bool access_refuses(const struct call *call, enum category category, const char *name);

/* May memory that is no file be executable? (exec/anonymous) */
/* Who connects to the sandbox: as net/connect, and nothing but block+ where the policy leaves that alone. */
int access_check_peer(struct call *call, const struct address *address);
bool access_mapped_files(const struct call *call); /* exec rules are about files that are mapped, too */
bool access_anonymous_memory(const struct call *call);

/*
 * allow_unsafe/symlinks and hardlinks are off, and the kernel's sysctl is too: links of others in sticky directories
 * of everybody are not followed, and files of others get no second name.
 */
bool access_guards_symlinks(const struct call *call);
bool access_guards_hardlinks(const struct call *call);

/* For what they guard against: logs it, with the command that allows it. -EPERM for hard links, -EACCES. */
int access_refuse_link(struct call *call, bool hard);

/* True when some rule or default of this category can refuse or log anything. */
bool access_active(const struct call *call, enum category category);

/*
 * Names hold still: 0, or -EACCES (logged as category rename) when `to` would allow more
 * than `from`.
 */
int access_check_move(struct call *call, const char *from, const char *to, bool is_directory);

/*
 * Transitions of ids (setuid+A.B, setgid+A.B): does the policy name any, of users or of groups; may an id change
 * from this value to that one? A refusal is logged.
 */
bool access_transitions(const struct call *call, bool group);
bool access_transition(struct call *call, bool group, uint32_t from, uint32_t to);

#endif
