/*
 * Writes one set of calls after the other: numbers, then their entries, each conditions and a return; a call of which
 * no entry holds is allowed, and other calls run on into libseccomp's program. Only numbers that have conditions load
 * arguments, so that all others stay constant for the kernel.
 */
#include "core/filter_own.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "core/plan.h"
#include "core/plan_abi.h"

#define HEAD_LENGTH 4
#define BRANCH_LENGTH 2
#define ENTRY_LENGTH_MAX (1 + PLAN_CONDITIONS_MAX * 6)
#define NOTHING SIZE_MAX

static int filter_own_reserve(struct filter_own *own, size_t more)
{
	size_t capacity = own->capacity * 2 + 64;
	struct sock_filter *larger;

	if (own->length + more <= own->capacity)
		return 0;
	larger = reallocarray(own->instructions, capacity, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	own->instructions = larger;
	own->capacity = capacity;
	return 0;
}

static void filter_own_put(struct filter_own *own, uint16_t code, uint32_t k)
{
	own->instructions[own->length++] = (struct sock_filter){ .code = code, .k = k };
}

static void filter_own_compare_word(struct filter_own *own, size_t offset, uint32_t mask, uint32_t value)
{
	if (mask == 0)
		return;
	if (own->loaded != offset)
		filter_own_put(own, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
	own->loaded = offset;
	if (mask != UINT32_MAX) {
		filter_own_put(own, BPF_ALU | BPF_AND | BPF_K, mask);
		own->loaded = NOTHING;
	}
	filter_own_put(own, BPF_JMP | BPF_JEQ | BPF_K, value);
}

static void filter_own_compare(struct filter_own *own, const struct abi *abi, const struct plan_condition *condition)
{
	unsigned arg = plan_argument(abi, condition->arg);
	size_t low = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + (abi->big_endian ? 4 : 0);
	size_t high = abi->big_endian ? low - 4 : low + 4;

	filter_own_compare_word(own, low, (uint32_t)condition->mask, (uint32_t)condition->value);
	if (abi->word_bytes == 8)
		filter_own_compare_word(
			own, high, (uint32_t)(condition->mask >> 32), (uint32_t)(condition->value >> 32));
}

int filter_own_begin(struct filter_own *own, const struct abi *abi)
{
	int error = filter_own_reserve(own, HEAD_LENGTH);

	if (error < 0)
		return error;
	own->block = own->length;
	filter_own_put(own, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter_own_put(own, BPF_JMP | BPF_JEQ | BPF_K, abi->audit_arch);
	own->instructions[own->length - 1].jt = 1;
	filter_own_put(own, BPF_JMP | BPF_JA, 0);
	filter_own_put(own, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	return 0;
}

/* How far a test goes that leaves out the jump behind it. */
static uint8_t *filter_own_past(struct sock_filter *test, size_t distance)
{
	if (BPF_CLASS(test->code) != BPF_JMP || BPF_OP(test->code) == BPF_JA)
		return NULL;
	return test->jt == distance ? &test->jt : test->jf == distance ? &test->jf : NULL;
}

/*
 * Conditional jumps reach 255 instructions, too few for a call of many entries. Where that is enough the test before
 * the jump goes all the way, and the jump is taken out: what is behind it jumps within itself only.
 */
void filter_own_land(struct filter_own *own, size_t jump)
{
	struct sock_filter *test = &own->instructions[jump - 1];
	uint8_t *onto = test->jt ? &test->jf : &test->jt;
	size_t distance = own->length - jump - 1;
	uint8_t *past;

	own->loaded = NOTHING;
	if (distance > UINT8_MAX) {
		own->instructions[jump].k = (uint32_t)distance;
		return;
	}
	for (size_t i = 1; i <= jump && (past = filter_own_past(&own->instructions[jump - i], i)); i++)
		*past = (uint8_t)(i - 1);
	*onto = (uint8_t)distance;
	memmove(&own->instructions[jump], &own->instructions[jump + 1], distance * sizeof(*own->instructions));
	own->length--;
}

int filter_own_branch(struct filter_own *own, uint32_t nr, size_t *jump_out)
{
	int error = filter_own_reserve(own, BRANCH_LENGTH);

	if (error < 0)
		return error;
	own->loaded = NOTHING;
	filter_own_put(own, BPF_JMP | BPF_JGE | BPF_K, nr);
	own->instructions[own->length - 1].jf = 1;
	*jump_out = own->length;
	filter_own_put(own, BPF_JMP | BPF_JA, 0);
	return 0;
}

int filter_own_return(struct filter_own *own, uint32_t action)
{
	int error = filter_own_reserve(own, 1);

	if (error == 0)
		filter_own_put(own, BPF_RET | BPF_K, action);
	return error;
}

int filter_own_begin_calls(struct filter_own *own, const int *numbers, unsigned count)
{
	int error = filter_own_reserve(own, count + 1);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < count; i++) {
		filter_own_put(own, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i]);
		own->instructions[own->length - 1].jt = (uint8_t)(count - i);
	}
	own->calls = own->length;
	filter_own_put(own, BPF_JMP | BPF_JA, 0);
	own->loaded = NOTHING;
	return 0;
}

int filter_own_add(struct filter_own *own, const struct abi *abi, const struct plan_entry *entry, unsigned action)
{
	int error = filter_own_reserve(own, ENTRY_LENGTH_MAX);
	size_t start = own->length;
	unsigned compares = 0;

	if (error < 0)
		return error;
	for (unsigned i = 0; i < entry->condition_count; i++)
		filter_own_compare(own, abi, &entry->conditions[i]);
	filter_own_put(own, BPF_RET | BPF_K, action);
	/* Every comparison that fails leaves towards the next entry. */
	for (size_t i = start; i < own->length; i++) {
		if (own->instructions[i].code == (BPF_JMP | BPF_JEQ | BPF_K)) {
			own->instructions[i].jf = (uint8_t)(own->length - i - 1);
			compares++;
		}
	}
	/* Which word is loaded then depends on the one that failed. */
	if (compares > 1)
		own->loaded = NOTHING;
	return 0;
}

int filter_own_end_calls(struct filter_own *own)
{
	int error = filter_own_return(own, SECCOMP_RET_ALLOW);

	if (error == 0)
		filter_own_land(own, own->calls);
	return error;
}

void filter_own_end(struct filter_own *own)
{
	if (own->length == own->block + HEAD_LENGTH)
		own->length = own->block;
	else
		filter_own_land(own, own->block + 2);
}
