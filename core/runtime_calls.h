/*
 * The calls by which a sandbox is told and asked something from inside, as data.
 */
#ifndef KENNEL_CORE_RUNTIME_CALLS_H
#define KENNEL_CORE_RUNTIME_CALLS_H

#include <stdint.h>

#include "sysno.h"

enum runtime_kind { RUNTIME_STAT, RUNTIME_STATX, RUNTIME_OPEN, RUNTIME_OPENAT2 };

struct runtime_call {
	enum sysno sysno;
	enum runtime_kind kind;
	uint8_t string; /* arguments */
	uint8_t flags;  /* RUNTIME_NONE: the call has none */
	uint8_t buffer; /* or, of openat2, the size */
	uint8_t layout; /* of RUNTIME_STAT */
};

#define RUNTIME_NONE UINT8_MAX

/* NULL: none of them. */
const struct runtime_call *runtime_call_find(enum sysno sysno);

#endif
