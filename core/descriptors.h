/*
 * Descriptor tables of our own processes: nothing is kept but what is listed.
 */
#ifndef KENNEL_CORE_DESCRIPTORS_H
#define KENNEL_CORE_DESCRIPTORS_H

/* Closes all but keep[], which is in ascending order. 0 or -errno. Async-signal-safe. */
int descriptors_close_others(const int *keep, unsigned count);

#endif
