/*
 * A plan as one ABI has it: where its arguments are, and which of them its filter can believe. Pure.
 */
#ifndef KENNEL_CORE_PLAN_ABI_H
#define KENNEL_CORE_PLAN_ABI_H

#include <stdbool.h>

struct abi;
struct plan_entry;

/* The place, below 6, of the argument that a condition is about. */
unsigned plan_argument(const struct abi *abi, unsigned arg);

/*
 * An entry as the filter of an ABI can hold it: without conditions on what the kernel reads a second time. false: it
 * left a call to the kernel because of one, which nobody can tell there. What is refused by the fourth argument is
 * also traced by those before it.
 */
bool plan_entry_for(const struct abi *abi, const struct plan_entry *entry, struct plan_entry *entry_out);

#endif
