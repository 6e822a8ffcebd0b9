/*
 * The ABIs of the program: those of its own architecture. A file of its own in the library, so that a test that
 * defines the list itself, with all of them, is linked without this one, and the program without the rest.
 */
#include "arch/family.h"

#include <assert.h>

#include "arch/arch.h"

const struct abi *const abi_list[] = { &FAMILY_NATIVE, FAMILY_OTHERS };
const unsigned abi_list_count = sizeof(abi_list) / sizeof(abi_list[0]);

static_assert(sizeof(abi_list) / sizeof(abi_list[0]) <= 16, "an index has four bits in the data of a traced call");
