/*
 * JSON for people's programs, as the commands print it: see core/json.h for the log.
 */
#ifndef KENNEL_CORE_JSON_PRINT_H
#define KENNEL_CORE_JSON_PRINT_H

#include <stdbool.h>
#include <stdio.h>

/* With its quotes. */
void json_print_string(const char *string, FILE *stream);

/* "key":"string", or null for NULL. */
void json_print_member(const char *key, const char *string, FILE *stream);

static inline const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

#endif
