/*
 * A small interpreter for the part of classic BPF that seccomp allows. An oracle for
 * tests: simple, slow, and strict about jumps and loads.
 */
#include "tests/unit/bpf_simulator.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine {
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
};

static void bpf_fail(const char *what, unsigned value)
{
	fprintf(stderr, "bpf_simulator: %s %#x\n", what, value);
	abort();
}

static uint32_t bpf_load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	if (offset % 4 != 0 || offset > sizeof(*data) - sizeof(word))
		bpf_fail("load outside of seccomp_data", offset);
	memcpy(&word, (const unsigned char *)data + offset, sizeof(word));
	return word;
}

static uint32_t bpf_compute(uint32_t a, unsigned operation, uint32_t operand)
{
	switch (operation) {
	case BPF_ADD:
		return a + operand;
	case BPF_SUB:
		return a - operand;
	case BPF_AND:
		return a & operand;
	case BPF_OR:
		return a | operand;
	case BPF_LSH:
		return a << (operand & 31);
	case BPF_RSH:
		return a >> (operand & 31);
	default:
		bpf_fail("operation", operation);
		return 0;
	}
}

static unsigned bpf_jump(const struct sock_filter *instruction, uint32_t a, uint32_t operand)
{
	bool taken = false;

	switch (BPF_OP(instruction->code)) {
	case BPF_JA:
		return instruction->k;
	case BPF_JEQ:
		taken = a == operand;
		break;
	case BPF_JGT:
		taken = a > operand;
		break;
	case BPF_JGE:
		taken = a >= operand;
		break;
	case BPF_JSET:
		taken = a & operand;
		break;
	default:
		bpf_fail("jump", instruction->code);
	}
	return taken ? instruction->jt : instruction->jf;
}

static void bpf_step(struct machine *machine, const struct sock_filter *instruction, const struct seccomp_data *data)
{
	uint32_t operand = BPF_SRC(instruction->code) == BPF_X ? machine->x : instruction->k;

	switch (instruction->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		machine->a = bpf_load(data, instruction->k);
		return;
	case BPF_LD | BPF_IMM:
		machine->a = instruction->k;
		return;
	case BPF_LD | BPF_MEM:
		machine->a = machine->memory[instruction->k % BPF_MEMWORDS];
		return;
	case BPF_LDX | BPF_IMM:
		machine->x = instruction->k;
		return;
	case BPF_ST:
		machine->memory[instruction->k % BPF_MEMWORDS] = machine->a;
		return;
	case BPF_MISC | BPF_TAX:
		machine->x = machine->a;
		return;
	case BPF_MISC | BPF_TXA:
		machine->a = machine->x;
		return;
	}
	if (BPF_CLASS(instruction->code) != BPF_ALU)
		bpf_fail("instruction", instruction->code);
	machine->a = bpf_compute(machine->a, BPF_OP(instruction->code), operand);
}

uint32_t bpf_simulate(const struct sock_fprog *program, const struct seccomp_data *data)
{
	struct machine machine = { 0 };

	for (unsigned at = 0; at < program->len; at++) {
		const struct sock_filter *instruction = &program->filter[at];

		switch (BPF_CLASS(instruction->code)) {
		case BPF_RET:
			return BPF_RVAL(instruction->code) == BPF_A ? machine.a : instruction->k;
		case BPF_JMP:
			at += bpf_jump(instruction, machine.a,
				BPF_SRC(instruction->code) == BPF_X ? machine.x : instruction->k);
			break;
		default:
			bpf_step(&machine, instruction, data);
		}
	}
	bpf_fail("end without return, length", program->len);
	return 0;
}
