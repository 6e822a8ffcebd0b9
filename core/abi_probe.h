/* Whether this kernel runs programs of an ABI beside its own: built with it, and booted with it. */
#ifndef KENNEL_CORE_ABI_PROBE_H
#define KENNEL_CORE_ABI_PROBE_H

#include <stdbool.h>

struct abi;

/* Forks. True where it cannot be told: to let an ABI through that the kernel lacks harms nobody. */
bool abi_probe_runs(const struct abi *abi);

#endif
