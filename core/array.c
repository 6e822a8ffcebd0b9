/*
 * Arrays that grow. Owns nothing: memory and counts are the caller's.
 */
#include "core/array.h"

#include <errno.h>
#include <stdlib.h>

#define ARRAY_FIRST 8

int array_grow(void *array_pointer, size_t count, size_t *capacity, size_t element_size)
{
	size_t wanted = *capacity ? *capacity * 2 : ARRAY_FIRST;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)array_pointer, wanted, element_size);
	if (!grown)
		return -ENOMEM;
	*(void **)array_pointer = grown;
	*capacity = wanted;
	return 0;
}

void array_fit(void *array_pointer, size_t count, size_t *capacity, size_t element_size)
{
	void *fitted;

	if (count == 0 || count == *capacity)
		return;
	fitted = reallocarray(*(void **)array_pointer, count, element_size);
	if (!fitted)
		return;
	*(void **)array_pointer = fitted;
	*capacity = count;
}
