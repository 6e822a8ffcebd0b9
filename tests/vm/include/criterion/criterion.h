/*
 * The part of Criterion's interface that our tests use, for tests/vm/runner.c: Criterion cannot be linked statically.
 * It owns no state; what a test says goes through the functions below.
 */
#ifndef KENNEL_TESTS_VM_CRITERION_H
#define KENNEL_TESTS_VM_CRITERION_H
#pragma GCC system_header /* as Criterion's own: its macros are not the tests' to be warned about */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct runner_options {
	void (*init)(void), (*fini)(void);
	double timeout; /* seconds */
	int signal, exit_code;
};

/* What the linker collects: a test, or with run NULL the options of a suite. */
struct runner_entry {
	const char *suite, *name;
	void (*run)(void);
	struct runner_options options;
};

#define RUNNER_ENTRY(variable, ...) \
	static const struct runner_entry variable = { __VA_ARGS__ }; \
	static const struct runner_entry *const variable##_entry __attribute__((used, section("runner_entries"))) = \
		&variable

#define Test(suite_, name_, ...) \
	static void suite_##_##name_##_run(void); \
	RUNNER_ENTRY(suite_##_##name_##_test, #suite_, #name_, suite_##_##name_##_run, { __VA_ARGS__ }); \
	static void suite_##_##name_##_run(void)

#define TestSuite(suite_, ...) RUNNER_ENTRY(suite_##_suite, #suite_, NULL, NULL, { __VA_ARGS__ })

void runner_failed(const char *file, int line, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Both numbers, or both strings, are shown in front of the test's own words. */
void runner_numbers(long long one, long long other);
void runner_strings(const char *one, const char *other);
_Noreturn void runner_end(void);
_Noreturn void runner_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool runner_same_output(int fd, const char *expected);
void runner_redirect(int fd);

/* The value as it may be shown, whatever its type. */
#define RUNNER_SHOWN(x) (long long)_Generic((x), long long : (x), unsigned long long : (x), default : (intptr_t)(x))

#define RUNNER_CHECK(end, good, what, ...) \
	do { \
		if (!(good)) { \
			runner_failed(__FILE__, __LINE__, what, "" __VA_ARGS__); \
			end; \
		} \
	} while (0)

#define RUNNER_COMPARE(end, a, relation, b, ...) \
	do { \
		__typeof__(0 ? (a) : (a)) runner_a = (a); \
		__typeof__(0 ? (b) : (b)) runner_b = (b); \
		if (!(runner_a relation runner_b)) { \
			runner_numbers(RUNNER_SHOWN(runner_a), RUNNER_SHOWN(runner_b)); \
			RUNNER_CHECK(end, 0, #a " " #relation " " #b, __VA_ARGS__); \
		} \
	} while (0)

#define RUNNER_STRINGS(end, a, relation, b, ...) \
	do { \
		const char *runner_a = (a), *runner_b = (b); \
		if (!(strcmp(runner_a, runner_b) relation 0)) { \
			runner_strings(runner_a, runner_b); \
			RUNNER_CHECK(end, 0, #a " " #relation " " #b, __VA_ARGS__); \
		} \
	} while (0)

#define RUNNER_GO_ON (void)0
#define RUNNER_END runner_end()
#define RUNNER_SAME(a, b, size) (memcmp(a, b, size) == 0)

#define cr_assert(condition, ...) RUNNER_CHECK(RUNNER_END, condition, #condition, __VA_ARGS__)
#define cr_assert_not(condition, ...) RUNNER_CHECK(RUNNER_END, !(condition), "not " #condition, __VA_ARGS__)
#define cr_assert_eq(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, !=, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, >, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, >=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, <, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) RUNNER_COMPARE(RUNNER_END, a, <=, b, __VA_ARGS__)
#define cr_assert_null(a, ...) RUNNER_CHECK(RUNNER_END, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...) RUNNER_CHECK(RUNNER_END, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) RUNNER_STRINGS(RUNNER_END, a, ==, b, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...) \
	RUNNER_CHECK(RUNNER_END, RUNNER_SAME(a, b, size), #a " has the bytes of " #b, __VA_ARGS__)
#define cr_assert_fail(...) RUNNER_CHECK(RUNNER_END, 0, "this is not reached", __VA_ARGS__)

#define cr_expect(condition, ...) RUNNER_CHECK(RUNNER_GO_ON, condition, #condition, __VA_ARGS__)
#define cr_expect_not(condition, ...) RUNNER_CHECK(RUNNER_GO_ON, !(condition), "not " #condition, __VA_ARGS__)
#define cr_expect_eq(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, ==, b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, !=, b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, >, b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, >=, b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, <, b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) RUNNER_COMPARE(RUNNER_GO_ON, a, <=, b, __VA_ARGS__)
#define cr_expect_null(a, ...) RUNNER_CHECK(RUNNER_GO_ON, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_expect_not_null(a, ...) RUNNER_CHECK(RUNNER_GO_ON, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) RUNNER_STRINGS(RUNNER_GO_ON, a, ==, b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...) RUNNER_STRINGS(RUNNER_GO_ON, a, !=, b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...) RUNNER_STRINGS(RUNNER_GO_ON, a, ==, "", __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...) \
	RUNNER_CHECK(RUNNER_GO_ON, RUNNER_SAME(a, b, size), #a " has the bytes of " #b, __VA_ARGS__)

#define cr_skip_test(...) runner_skip("" __VA_ARGS__)
#define cr_log_info(...) dprintf(2, __VA_ARGS__)

#endif
