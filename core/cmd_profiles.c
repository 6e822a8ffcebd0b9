/*
 * kennel profiles. Prints what was compiled in; the text of a profile is a policy file.
 */
#include "core/cmd_profiles.h"

#include <stdio.h>

#include "core/json_print.h"
#include "core/nearest.h"
#include "core/profile.h"
#include "core/util.h"

#define PROFILES_EXIT_ERROR 125
#define PROFILES_MAX 64
#define DESCRIPTION_MAX 512

static const char profiles_help[] =
	"usage: kennel profiles [--json] [NAME]\n"
	"\n"
	"Lists the policies that are part of the program (-p NAME), a line each; or prints\n"
	"the one of this name: what -P would read from a file.\n"
	"\n"
	"  --json          print it as JSON\n"
	"  --help          this text\n";

static void cmd_profiles_json(const struct profile_text *profile, bool whole)
{
	char description[DESCRIPTION_MAX];

	profile_describe(profile, description, sizeof(description));
	fputc('{', stdout);
	json_print_member("name", profile->name, stdout);
	fputc(',', stdout);
	json_print_member("description", description, stdout);
	if (whole) {
		fputc(',', stdout);
		json_print_member("text", profile->text, stdout);
	}
	fputc('}', stdout);
}

static void cmd_profiles_list(bool json)
{
	char description[DESCRIPTION_MAX];

	if (json)
		fputc('[', stdout);
	for (size_t i = 0; i < profile_texts_count; i++) {
		if (json) {
			fputs(i > 0 ? "," : "", stdout);
			cmd_profiles_json(&profile_texts[i], false);
			continue;
		}
		profile_describe(&profile_texts[i], description, sizeof(description));
		printf("%-8s %s\n", profile_texts[i].name, description);
	}
	if (json)
		fputs("]\n", stdout);
}

static int cmd_profiles_unknown(const char *name)
{
	const char *words[PROFILES_MAX];
	const char *nearest;
	size_t count = 0;

	for (; count < profile_texts_count && count < PROFILES_MAX; count++)
		words[count] = profile_texts[count].name;
	nearest = nearest_word(name, words, count);
	fprintf(stderr, "kennel profiles: no such profile (see kennel profiles)%s%s%s\n",
		nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
	return PROFILES_EXIT_ERROR;
}

static int cmd_profiles_print(const char *name, bool json)
{
	const struct profile_text *profile = name ? profile_find(name) : NULL;

	if (name && !profile)
		return cmd_profiles_unknown(name);
	if (!profile) {
		cmd_profiles_list(json);
	} else if (json) {
		cmd_profiles_json(profile, true);
		fputc('\n', stdout);
	} else {
		fputs(profile->text, stdout);
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : PROFILES_EXIT_ERROR;
}

int cmd_profiles(int argc, char **argv)
{
	const char *name = NULL;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h"))
			return fputs(profiles_help, stdout) < 0 ? PROFILES_EXIT_ERROR : 0;
		if (str_equal(argv[i], "--json")) {
			json = true;
		} else if (argv[i][0] == '-' || name) {
			fputs("kennel profiles: expected one NAME at most (see kennel profiles --help)\n", stderr);
			return PROFILES_EXIT_ERROR;
		} else {
			name = argv[i];
		}
	}
	return cmd_profiles_print(name, json);
}
