/*
 * Arrays that grow while something is built: policies, matchers. Not for the hot path.
 */
#ifndef KENNEL_CORE_ARRAY_H
#define KENNEL_CORE_ARRAY_H

#include <stddef.h>

/*
 * Room for one more than count elements in the array that array_pointer points to; *capacity says how many fit. 0 or
 * -ENOMEM, and the array is as it was.
 */
int array_grow(void *array_pointer, size_t count, size_t *capacity, size_t element_size);

/* Gives back the room behind count elements. The array may move; without memory to move it stays as it is. */
void array_fit(void *array_pointer, size_t count, size_t *capacity, size_t element_size);

#endif
