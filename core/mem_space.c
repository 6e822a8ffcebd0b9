/* Which addresses a program can have. Apart from core/mem.c, which tests of handlers replace. */
#include "arch/arch.h"
#include "core/mem.h"

bool mem_may_be_users(uint64_t address, uint64_t len)
{
	const uint64_t end = abi_native()->whole_space ? UINT64_MAX : INT64_MAX;

	return address <= end && len <= end - address;
}
