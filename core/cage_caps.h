/* Privilege that our own processes have no use for, once they run. */
#ifndef KENNEL_CORE_CAGE_CAPS_H
#define KENNEL_CORE_CAGE_CAPS_H

#include <stdbool.h>

/*
 * Nothing can be gained any more: bounding, inheritable and ambient capabilities are dropped, as far as we are allowed
 * to, and the secure bits locked. Of the permitted ones only those stay that calls made for others can need (acts), or
 * that signals need. What is known of our capabilities (core/identity.c) must be read again. 0 or -errno.
 */
int cage_caps_drop(bool acts);

#endif
