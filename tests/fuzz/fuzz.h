/*
 * What fuzz targets share: libFuzzer's entry, and a promise whose breach is a finding.
 */
#ifndef KENNEL_TESTS_FUZZ_H
#define KENNEL_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_PROMISE(holds, ...) \
	do { \
		if (!(holds)) { \
			fprintf(stderr, __VA_ARGS__); \
			abort(); \
		} \
	} while (0)

/* The input as a string; the caller frees it. */
char *fuzz_string(const uint8_t *data, size_t size);

/* Cuts the next line off *text, without its end; NULL when nothing is left. */
char *fuzz_line(char **text);

#endif
