/* From the rows of core/cage_table.h to BPF: everything else kills the process. */
#ifndef KENNEL_CORE_CAGE_FILTER_H
#define KENNEL_CORE_CAGE_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/types.h>

#include "core/cage_table.h"

/* What becomes of everything else. LSan's tracer shares our filter, and whoever waits for it would wait for ever. */
#ifdef __SANITIZE_ADDRESS__
#define CAGE_OTHERWISE SECCOMP_RET_LOG
#else
#define CAGE_OTHERWISE SECCOMP_RET_KILL_PROCESS
#endif

/* Whose cage, and what conditions compare with. */
struct cage_facts {
	enum cage_user user;
	unsigned needs; /* CAGE_NEED bits */
	pid_t self;
	int log_fd;
	int listener;
	unsigned long cookie;
};

/* The program, freed with filter_free(). 0 or -errno. */
int cage_filter_build(const struct cage_facts *facts, struct sock_fprog *out);

#endif
