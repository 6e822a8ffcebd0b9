/* Memory given back: less of it is there, and all that is in use still says what it said. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/settle.h"

#define PIECES 256
#define PIECE 4096
#define DEPTH_BYTES 131072

static const char constant[] = "constant";
static char variable[] = "variable";

static long resident_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	cr_assert_not_null(file);
	cr_assert(eq(int, fscanf(file, "%*d %ld", &pages), 1));
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static __attribute__((noinline)) char use_stack(void)
{
	volatile char deep[DEPTH_BYTES];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = (char)i;
	return deep[512];
}

Test(settle, free_memory_goes_and_the_rest_stays, .timeout = 60)
{
	char *pieces[PIECES];
	char *last;
	char near[64] = "near";
	long before;

	for (size_t i = 0; i < PIECES; i++)
		cr_assert_not_null(pieces[i] = memset(malloc(PIECE), 1, PIECE));
	last = strdup("last");
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
	use_stack();
	before = resident_kb();
	settle_memory();
	cr_expect(lt(long, resident_kb(), before - (PIECES * PIECE + DEPTH_BYTES) / 1024 / 2));
	cr_expect(eq(str, last, "last"));
	cr_expect(eq(str, near, "near"));
	cr_expect(eq(str, (char *)constant, "constant"));
	cr_expect(eq(str, variable, "variable"));
	free(last);
}
