/*
 * BPF written by ourselves, in front of libseccomp's, for what libseccomp 2.5.4 cannot express (calls of a foreign
 * ABI whose names it does not know or takes apart by itself, entries of one call whose order matters) and for
 * conditions on arguments, which are most of a plan: they take it more time than a program takes to start. The cages
 * (core/cage_filter.c) are made of it alone.
 */
#ifndef KENNEL_CORE_FILTER_OWN_H
#define KENNEL_CORE_FILTER_OWN_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_OWN_CALLS_MAX 250 /* conditional jumps reach 255 instructions */

struct abi;
struct plan_entry;

/* Grows as needed; zero-initialise, release with free(own.instructions). */
struct filter_own {
	struct sock_filter *instructions;
	size_t length;
	size_t capacity;
	size_t block;  /* where the block of the current ABI begins */
	size_t calls;  /* the jump past the current calls */
	size_t loaded; /* the offset of the word in the accumulator, when it is the same on every way here */
};

/*
 * Between begin and end go the calls of one ABI, those together that have the same entries; other ABIs pass the block
 * by. The first entry that holds decides. 0 or -errno.
 */
int filter_own_begin(struct filter_own *own, const struct abi *abi);
int filter_own_begin_calls(struct filter_own *own, const int *numbers, unsigned count);
int filter_own_add(struct filter_own *own, const struct abi *abi, const struct plan_entry *entry, unsigned action);
int filter_own_end_calls(struct filter_own *own);
void filter_own_end(struct filter_own *own);

/* Numbers from nr on jump to where filter_own_land() is called, the others run on. */
int filter_own_branch(struct filter_own *own, uint32_t nr, size_t *jump_out);

/* This is where such a jump leads to. */
void filter_own_land(struct filter_own *own, size_t jump);

int filter_own_return(struct filter_own *own, uint32_t action);

#endif
