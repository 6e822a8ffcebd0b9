/*
 * What a payload is started with, packed into a memfd: a header, two filter programs,
 * then the strings. Written by the supervisor, read by the payload's process before exec.
 */
#ifndef KENNEL_CORE_LAUNCH_REQUEST_H
#define KENNEL_CORE_LAUNCH_REQUEST_H

#include <linux/filter.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/inherited.h"
#include "core/payload_limits.h"

/* Descriptors of MESSAGE_LAUNCH: the memfd, those that the payload keeps, then a Landlock ruleset, if any. */
enum { LAUNCH_FD_REQUEST, LAUNCH_FD_KEPT };
#define LAUNCH_KEPT_MAX 64

struct launch_header {
	uint32_t argc;
	uint32_t envc;
	uint32_t guard_count;  /* BPF instructions of the guard */
	uint32_t filter_count; /* of the filter; 0: none */
	uint32_t listens;      /* the filter has a listener */
	uint32_t strings_size; /* argv then envp, each with its NUL */
	uint32_t kept_count;
	int32_t kept[LAUNCH_KEPT_MAX]; /* their numbers in the payload, ascending */
	pid_t process_group;
	uint32_t scope_signals; /* a Landlock domain of its own that keeps signals inside */
	uint32_t ruleset;       /* a Landlock ruleset comes along: a domain of the payload's own */
	uint32_t no_core;       /* the kernel would write core files where no rule is asked */
	uint64_t capabilities;  /* those that it keeps if it has them */
	struct inherited inherited;
	struct payload_limits limits;
};

struct launch_spec {
	char *const *argv;
	char *const *envp;
	const struct sock_fprog *guard;
	const struct sock_fprog *filter; /* len 0: none */
	const int *kept;                 /* open here under the numbers that the payload gets, ascending */
	unsigned kept_count;
	pid_t process_group;
	_Bool listens;
	_Bool scope_signals;
	_Bool no_core;
	int ruleset; /* -1: none */
	uint64_t capabilities;
	const struct inherited *inherited;
	struct payload_limits limits;
};

/* A memfd that holds the request, or -errno. */
int launch_request_write(const struct launch_spec *spec);

/* The request mapped privately; arrays of pointers are allocated. NULL when it cannot be read. */
struct launch_request {
	const struct launch_header *header;
	struct sock_fprog guard;
	struct sock_fprog filter;
	char **argv;
	char **envp;
};
int launch_request_read(int memfd, struct launch_request *request_out);

#endif
