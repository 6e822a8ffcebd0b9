/*
 * Finding a compiled-in profile by its name. The table itself is generated.
 */
#include "core/profile.h"

#include "core/util.h"

const struct profile_text *profile_find(const char *name)
{
	for (size_t i = 0; i < profile_texts_count; i++)
		if (str_equal(profile_texts[i].name, name))
			return &profile_texts[i];
	return NULL;
}
