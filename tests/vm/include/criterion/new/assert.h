/* Comparisons of values with their type, as they stand inside of cr_assert() and cr_expect(). */
#ifndef KENNEL_TESTS_VM_CRITERION_NEW_ASSERT_H
#define KENNEL_TESTS_VM_CRITERION_NEW_ASSERT_H
#pragma GCC system_header

typedef char runner_chr;
typedef int runner_int;
typedef unsigned runner_uint;
typedef long runner_long;
typedef unsigned long runner_ulong;
typedef size_t runner_sz;
typedef uint64_t runner_u64;
typedef double runner_dbl;
typedef const void *runner_ptr;

/* False, with both values shown, when they do not compare as expected. */
#define RUNNER_VALUES(type, a, relation, b) \
	({ \
		runner_##type runner_x = (a), runner_y = (b); \
		bool runner_good = runner_x relation runner_y; \
		if (!runner_good) \
			runner_numbers(RUNNER_SHOWN(runner_x), RUNNER_SHOWN(runner_y)); \
		runner_good; \
	})

static inline bool runner_equal_strings(const char *one, const char *other)
{
	bool same = one && other && strcmp(one, other) == 0;

	if (!same)
		runner_strings(one ? one : "(null)", other ? other : "(null)");
	return same;
}

#define RUNNER_EQ_chr(a, b) RUNNER_VALUES(chr, a, ==, b)
#define RUNNER_EQ_int(a, b) RUNNER_VALUES(int, a, ==, b)
#define RUNNER_EQ_uint(a, b) RUNNER_VALUES(uint, a, ==, b)
#define RUNNER_EQ_long(a, b) RUNNER_VALUES(long, a, ==, b)
#define RUNNER_EQ_ulong(a, b) RUNNER_VALUES(ulong, a, ==, b)
#define RUNNER_EQ_sz(a, b) RUNNER_VALUES(sz, a, ==, b)
#define RUNNER_EQ_u64(a, b) RUNNER_VALUES(u64, a, ==, b)
#define RUNNER_EQ_ptr(a, b) RUNNER_VALUES(ptr, a, ==, b)
#define RUNNER_EQ_str(a, b) runner_equal_strings(a, b)

#define eq(type, a, b) RUNNER_EQ_##type(a, b)
#define ne(type, a, b) RUNNER_VALUES(type, a, !=, b)
#define lt(type, a, b) RUNNER_VALUES(type, a, <, b)
#define le(type, a, b) RUNNER_VALUES(type, a, <=, b)
#define gt(type, a, b) RUNNER_VALUES(type, a, >, b)
#define ge(type, a, b) RUNNER_VALUES(type, a, >=, b)

#endif
