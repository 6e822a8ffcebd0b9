/*
 * Areas of memory by a descriptor of /proc/PID/maps, for core/held.c only. The kernel is asked for
 * areas one by one where it answers that (PROCMAP_QUERY, 6.11); else the text is read.
 */
#ifndef KENNEL_CORE_HELD_AREAS_H
#define KENNEL_CORE_HELD_AREAS_H

#include <stdint.h>

#include "core/held.h"

/* As held_areas(), of all areas or the executable ones. maps: just opened; its position moves. */
int held_areas_in(int maps, uint64_t start, uint64_t end, bool executable, held_area_fn *visit, void *context);

#endif
