/* Runs classic BPF as seccomp does, on data of the test's own making. */
#ifndef KENNEL_TESTS_BPF_SIMULATOR_H
#define KENNEL_TESTS_BPF_SIMULATOR_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* The SECCOMP_RET value; aborts on an instruction that the kernel's checker would refuse. */
uint32_t bpf_simulate(const struct sock_fprog *program, const struct seccomp_data *data);

#endif
