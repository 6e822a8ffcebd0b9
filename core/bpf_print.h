/* Programs of seccomp for people: each instruction, and what the numbers in it mean. */
#ifndef KENNEL_CORE_BPF_PRINT_H
#define KENNEL_CORE_BPF_PRINT_H

#include <linux/filter.h>
#include <stdio.h>

/* Pseudo code, one line for each instruction. 0, -ENOMEM, or -EINVAL for a program that is none of seccomp's. */
int bpf_print(FILE *stream, const struct sock_fprog *program);

#endif
