/* A cage for people: one line for each way to make a call. */
#ifndef KENNEL_CORE_CAGE_PRINT_H
#define KENNEL_CORE_CAGE_PRINT_H

#include <stdio.h>

#include "core/cage_table.h"

/* What a process of this kind may call, in words. */
void cage_print(FILE *stream, enum cage_user user, unsigned needs);

#endif
