/*
 * What the files of the policy loader share: core/policy_parse.c (commands and lines),
 * core/policy_command.c (what each does), core/policy_file.c, core/policy_short.c. Nobody
 * else includes this.
 */
#ifndef KENNEL_CORE_POLICY_LOAD_H
#define KENNEL_CORE_POLICY_LOAD_H

#include <stdarg.h>
#include <sys/types.h>

#include "core/policy_apply.h"
#include "core/policy_build.h"
#include "core/policy_errors.h"
#include "core/policy_parse.h"

#define POLICY_INCLUDE_DEPTH 16u
#define POLICY_INCLUDE_BYTES (16u << 20) /* of all files together: includes may not multiply */
#define POLICY_INCLUDE_FILES 1024u
#define POLICY_LINE_MAX 32768u
#define POLICY_SHORT_COUNT 6

/* A file or profile that is being read; profiles have device 0 and their text as inode. */
struct policy_source {
	dev_t device;
	ino_t inode;
};

struct policy_loader {
	struct policy *policy;
	struct policy_errors errors;
	policy_lookup_fn *lookup;
	void *lookup_context;
	unsigned command_count;                    /* -m, so that an error says which one */
	unsigned short_counts[POLICY_SHORT_COUNT]; /* the same for each short option */
	struct policy_source sources[POLICY_INCLUDE_DEPTH];
	unsigned depth;
	unsigned file_count;
	size_t byte_count, weight;
	bool running;      /* a command from inside: core/policy_change.c */
	bool unchangeable; /* it was refused because the sandbox runs */
	bool asked;        /* it was a question */
	bool answer;       /* yes */
};

/* Where text comes from. */
struct policy_place {
	const char *file;
	unsigned line;         /* of an option: which one of its name */
	const char *directory; /* includes are relative to it; NULL: the current directory */
};

/* One command, taken apart. Offsets are into text; value is expanded. */
struct policy_statement {
	struct policy_loader *loader;
	const struct policy_place *place;
	const char *text;
	char name[256]; /* without the operator */
	char op;        /* the operator, '\0': none */
	size_t value_at;
	struct policy_vars value;
};

void policy_fail_memory(struct policy_loader *loader);
__attribute__((format(printf, 4, 5))) void policy_fail(
	struct policy_loader *loader, const struct policy_place *place, size_t offset, const char *format, ...);

/* The same at an offset of the statement's text. */
__attribute__((format(printf, 3, 4))) void policy_statement_fail(
	const struct policy_statement *statement, size_t offset, const char *format, ...);

#define POLICY_WORD_MAX 64
#define POLICY_WORDS(array) (array), ARRAY_SIZE(array)
/* " (did you mean 'WORD'?)" or "", into a buffer of the caller. */
struct policy_hint {
	char text[80];
};
const char *policy_hint_nearest(struct policy_hint *hint, const char *word, const char *const *words, size_t count);

/* Where it was written; without memory file is NULL, and that an error of the loader. */
struct rule_origin policy_origin(const struct policy_statement *statement);

/* Where in the text a part of statement->name stands, a byte of the expanded value. */
size_t policy_name_offset(const struct policy_statement *statement, const char *part);
size_t policy_value_offset(const struct policy_statement *statement, size_t at);

static inline const char *policy_value(const struct policy_statement *statement)
{
	return statement->value.bytes;
}

/* The value without quoting; false after an error, an empty value included. */
bool policy_value_plain(const struct policy_statement *statement, char *buffer, size_t size);

/* The enforced categories of a comma list, after the first slash of the name. 0 when any word of it is wrong. */
uint64_t policy_categories(const struct policy_statement *statement);

/* A switch or an ABI by its name, NULL: there is none; an allow_unsafe by its name or alias, -1. */
bool *policy_setting_switch(struct policy_settings *settings, const char *name);
const struct abi *policy_abi(const char *name);
int policy_unsafe(const char *name);
void policy_query_apply(struct policy_statement *statement); /* NAME?, from inside only */

/* Can it match a canonical path? false after an error. */
bool policy_path_pattern(const struct policy_statement *statement, const char *value);

/* 0, 1, or -1 after an error. */
int policy_boolean(const struct policy_statement *statement);

/* The commands; errors go to the loader. Each has a function of its own: core/policy_apply.h. */
void policy_command_apply(struct policy_statement *statement);
void policy_load_include(struct policy_statement *statement, const char *file);
void policy_load_include_profile(struct policy_statement *statement, const char *name);
/* Lines of text, which must be NUL-terminated at text[length]; place->line counts up. */
void policy_load_text(struct policy_loader *loader, const char *text, size_t length, struct policy_place *place);

/* One command at this place. */
void policy_load_one(struct policy_loader *loader, const char *text, const struct policy_place *place);

#endif
