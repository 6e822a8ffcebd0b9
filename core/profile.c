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

void profile_describe(const struct profile_text *profile, char *buffer, size_t size)
{
	const char *at = strstr(profile->text, ": ");
	size_t length = 0;

	at = profile->text[0] == '#' && at ? at + 2 : "";
	while (*at && length + 1 < size) {
		if ((*at == '.' || *at == ';') && (at[1] == ' ' || at[1] == '\n'))
			break;
		if (*at == '\n' && at[1] != '#')
			break;
		if (*at == '\n') {
			buffer[length++] = ' ';
			at += 2 + strspn(at + 2, " ");
		} else {
			buffer[length++] = *at++;
		}
	}
	buffer[length] = '\0';
}
