/*
 * What a policy may weigh, so that time and memory are bounded whatever is in it: about 30,000 rules
 * of every category, or 180,000 of one. Errors weigh too: after 2,000 of them nothing more is read.
 * For the loader (core/policy_*.c) only.
 */
#ifndef KENNEL_CORE_POLICY_WEIGHT_H
#define KENNEL_CORE_POLICY_WEIGHT_H

#include <stdbool.h>
#include <stddef.h>

struct policy_loader;
struct policy_place;
struct policy_statement;

#define POLICY_WEIGHT_MAX (32u << 20)
#define POLICY_WEIGHT_ERROR 16384u
#define POLICY_WEIGHT_RULE 64u
#define POLICY_WEIGHT_WORD 32768u   /* a rule about ioctl requests is compared with all that have names */
#define POLICY_WEIGHT_SETTING 2048u /* transitions, masks: looked through one by one */
#define POLICY_WEIGHT_NETWORK 16u   /* of block */
#define POLICY_WEIGHT_REMOVAL 4u    /* rules looked at, for one */

/* Adds to the policy's weight; false, after an error, when that is too much. */
bool policy_charge(const struct policy_statement *statement, size_t weight);

/* The same for a line that is no command; false also after too many errors. */
bool policy_charge_line(struct policy_loader *loader, const struct policy_place *place, size_t weight);

#endif
