/*
 * kennel quote. What it prints means, in a pattern or value of a policy, the text itself.
 */
#include "core/cmd_quote.h"

#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/util.h"

#define QUOTE_EXIT_ERROR 125

static const char quote_help[] = "usage: kennel quote [--] STRING...\n"
				 "\n"
				 "Prints each string, a line each, with a backslash before every character that has\n"
				 "a meaning in patterns. In a policy the result stands for the string itself.\n"
				 "\n"
				 "  --help          this text\n";

static int cmd_quote_print(const char *string)
{
	size_t size = strlen(string) * 4 + 1;
	AUTO_FREE char *quoted = malloc(size);

	if (!quoted || pattern_quote(string, quoted, size) < 0)
		return -ENOMEM;
	puts(quoted);
	return 0;
}

int cmd_quote(int argc, char **argv)
{
	int index = 1;

	if (argc == 2 && (str_equal(argv[1], "--help") || str_equal(argv[1], "-h")))
		return fputs(quote_help, stdout) < 0 ? QUOTE_EXIT_ERROR : 0;
	if (index < argc && str_equal(argv[index], "--"))
		index++;
	if (index == argc) {
		fputs("kennel quote: expected a string (see kennel quote --help)\n", stderr);
		return QUOTE_EXIT_ERROR;
	}
	for (; index < argc; index++) {
		if (cmd_quote_print(argv[index])) {
			fputs("kennel quote: out of memory\n", stderr);
			return QUOTE_EXIT_ERROR;
		}
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : QUOTE_EXIT_ERROR;
}
