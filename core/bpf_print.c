/*
 * Jumps only go forward, so one pass tells what the accumulator holds at each instruction, and so
 * which numbers are those of calls.
 */
#include "core/bpf_print.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "core/cleanup.h"
#include "core/util.h"

#define BPF_AT_NR offsetof(struct seccomp_data, nr)
#define BPF_AT_ARCH offsetof(struct seccomp_data, arch)
#define BPF_AT_ARGS offsetof(struct seccomp_data, args)

/* What is known where an instruction is reached. */
struct bpf_known {
	bool reached;
	bool mixed;            /* another load on another way */
	uint32_t offset;       /* what the accumulator holds */
	const struct abi *abi; /* NULL: not yet compared, or not one of ours */
};

static void bpf_reach(struct bpf_known *at, const struct bpf_known *from)
{
	if (!at->reached) {
		*at = *from;
		return;
	}
	at->mixed = at->mixed || from->mixed || at->offset != from->offset;
	if (at->abi != from->abi)
		at->abi = NULL;
}

static void bpf_print_load(FILE *stream, uint32_t offset)
{
	uint32_t at = offset - (uint32_t)BPF_AT_ARGS;

	if (offset == BPF_AT_NR)
		fputs("A = nr", stream);
	else if (offset == BPF_AT_ARCH)
		fputs("A = arch", stream);
	else
		fprintf(stream, "A = %s half of arg%u", (at % 8 == 4) != abi_native()->big_endian ? "upper" : "lower",
			at / 8);
}

static void bpf_print_return(FILE *stream, uint32_t value)
{
	uint32_t data = value & SECCOMP_RET_DATA;

	switch (value & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		fputs("return ALLOW", stream);
		break;
	case SECCOMP_RET_ERRNO:
		fprintf(stream, "return ERRNO(%s)", data ? strerrorname_np((int)data) : "0");
		break;
	case SECCOMP_RET_KILL_PROCESS:
		fputs("return KILL_PROCESS", stream);
		break;
	case SECCOMP_RET_USER_NOTIF:
		fputs("return NOTIFY", stream);
		break;
	case SECCOMP_RET_TRACE:
		fprintf(stream, "return TRACE(%u)", data);
		break;
	default:
		fprintf(stream, "return %#x", value);
	}
}

static void bpf_print_jump(FILE *stream, const struct sock_filter *code, size_t at, const struct bpf_known *known)
{
	static const char *const tests[] = {
		[BPF_JEQ >> 4] = "==", [BPF_JGT >> 4] = ">", [BPF_JGE >> 4] = ">=", [BPF_JSET >> 4] = "&"
	};
	enum sysno sysno = known->abi && !known->mixed && known->offset == BPF_AT_NR
				   ? abi_sysno(abi_find(known->abi->audit_arch, (int32_t)code->k), (int32_t)code->k)
				   : SC_none;

	if (BPF_OP(code->code) == BPF_JA) {
		fprintf(stream, "goto %zu", at + 1 + code->k);
		return;
	}
	fprintf(stream, "if A %s %#x", tests[BPF_OP(code->code) >> 4], code->k);
	if (sysno != SC_none)
		fprintf(stream, " (%s)", sysno_name(sysno));
	fprintf(stream, " goto %zu else %zu", at + 1 + code->jt, at + 1 + code->jf);
}

/* What holds behind a jump; one that found the architecture knows the ABI. */
static void bpf_follow_jump(const struct sock_filter *code, size_t at, struct bpf_known *known)
{
	struct bpf_known found = known[at];

	if (BPF_OP(code->code) == BPF_JA) {
		bpf_reach(&known[at + 1 + code->k], &found);
		return;
	}
	bpf_reach(&known[at + 1 + code->jf], &found);
	if (BPF_OP(code->code) == BPF_JEQ && found.offset == BPF_AT_ARCH)
		found.abi = abi_find(code->k, 0);
	bpf_reach(&known[at + 1 + code->jt], &found);
}

static int bpf_print_one(FILE *stream, const struct sock_filter *code, size_t at, struct bpf_known *known)
{
	struct bpf_known after = known[at];

	fprintf(stream, "%5zu: ", at);
	switch (code->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		bpf_print_load(stream, code->k);
		after.offset = code->k;
		after.mixed = false;
		bpf_reach(&known[at + 1], &after);
		break;
	case BPF_ALU | BPF_AND | BPF_K:
		fprintf(stream, "A &= %#x", code->k);
		after.mixed = true;
		bpf_reach(&known[at + 1], &after);
		break;
	case BPF_RET | BPF_K:
		bpf_print_return(stream, code->k);
		break;
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		bpf_print_jump(stream, code, at, &known[at]);
		bpf_follow_jump(code, at, known);
		break;
	default:
		return -EINVAL;
	}
	putc('\n', stream);
	return 0;
}

int bpf_print(FILE *stream, const struct sock_fprog *program)
{
	/* The last jump of a valid program stays within it; a jump of 32 bits does not go further than BPF_MAXINSNS. */
	AUTO_FREE struct bpf_known *known = calloc((size_t)program->len + UINT8_MAX + 2, sizeof(*known));
	int error = known ? 0 : -ENOMEM;

	if (known)
		known[0].reached = true;
	for (size_t at = 0; at < program->len && error == 0; at++) {
		const struct sock_filter *code = &program->filter[at];

		if (BPF_CLASS(code->code) == BPF_JMP && BPF_OP(code->code) == BPF_JA &&
			code->k >= program->len - at - 1)
			return -EINVAL;
		error = bpf_print_one(stream, code, at, known);
	}
	return error;
}
