/* Conditions on arguments of system calls, in words: "flags with O_PATH". */
#ifndef KENNEL_CORE_PLAN_WORDS_H
#define KENNEL_CORE_PLAN_WORDS_H

#include <stddef.h>

#include "core/plan.h"

/* In the words of the manual pages where they are known, else as numbers; cut off at size. */
void plan_words(enum sysno sysno, const struct plan_condition *condition, char *buffer, size_t size);

#endif
