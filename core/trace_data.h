/*
 * The 16 bits that a filter hands to the tracer: which call of which ABI it was about. Written
 * by core/filter.c; believed only where the kernel's own word agrees.
 */
#ifndef KENNEL_CORE_TRACE_DATA_H
#define KENNEL_CORE_TRACE_DATA_H

#include <stdint.h>

#include "arch/arch.h"
#include "core/util.h"

#define TRACE_DATA_SHIFT 12

static_assert(SC_COUNT < 1 << TRACE_DATA_SHIFT, "neutral numbers fit below the ABI");

static inline uint16_t trace_data(const struct abi *abi, enum sysno sysno)
{
	return (uint16_t)(abi_index(abi) << TRACE_DATA_SHIFT | (unsigned)sysno);
}

#endif
