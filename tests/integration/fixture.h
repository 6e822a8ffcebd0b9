/*
 * Runs the real program on guests and commands: each in its own session, input from
 * nowhere, output into files, with a deadline, and nothing left behind. The cwd of a
 * test is a fresh folder of its own; its parent holds the output and the programs.
 */
#ifndef KENNEL_TESTS_FIXTURE_H
#define KENNEL_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOBODY 65534
#define FIXTURE_NAME 256
#define FIXTURE_TEXT (1 << 17)
#define GUEST_SKIP 77

/* A NULL-ended list of words. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Everything is allowed and every category active, so that everything is intercepted. */
#define WATCH_ALL "-m", "default/all:allow", "-m", "deny/all+/nonexistent/***"

/* Every ABI that this kernel runs beside the native one is on. */
#define ABIS "-P", fixture_abis()
const char *fixture_abis(void);

struct job {
	const char *const *options; /* of "kennel run"; NULL: natively */
	const char *const *command;
	uid_t uid;             /* 0: whoever runs the tests */
	unsigned deadline_ms;  /* 0: 20 seconds */
	const char *input;     /* a file for descriptor 0; NULL: /dev/null */
	void (*prepare)(void); /* in the child, before it becomes the program */
};

struct outcome {
	int status;    /* exit code, or 128 + the signal that ended the job, -1: too late */
	bool signaled; /* the job itself (the supervisor, or the native command) */
	char out[FIXTURE_TEXT];
	char err[FIXTURE_TEXT];
};

struct running {
	pid_t pid;
	int report; /* where its guard tells the end */
	unsigned deadline_ms;
	char out[FIXTURE_NAME], err[FIXTURE_NAME]; /* names of the output files */
};

/* .init and .fini of every test. Guards end whatever is left, also when a test fails. */
void fixture_enter(void);
void fixture_leave(void);

void fixture_start(const struct job *job, struct running *running_out);
void fixture_finish(struct running *running, struct outcome *outcome_out);
void fixture_run(const struct job *job, struct outcome *outcome_out);

/* Short forms: as whoever runs the tests, with the common deadline. */
void run_kennel(const char *const *options, const char *const *command, struct outcome *outcome_out);
void run_native(const char *const *command, struct outcome *outcome_out);

/* The words after "kennel", without run. */
void run_program(const char *const *words, struct outcome *outcome_out);

/*
 * A copy of the guest that every user may run; skips the test when it was not built. NAME.32 is of the ABI that has
 * registers of 32 bits beside the native one, NAME.ilp32 of that with 32-bit pointers in wider ones: both are skipped
 * where the kernel does not run them.
 */
const char *fixture_guest(const char *name);

/* Skips the test, with the reason, unless it runs as root. */
void fixture_need_root(void);

/* Skips the test, with the name, where there is no such program on PATH. */
void fixture_need_program(const char *name);

/* The path of a name in the test's folder (or of the folder), from the heap. */
const char *fixture_path(const char *name);
/* A formatted string from the heap. */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

void file_write(const char *path, const char *content);
/* The number of bytes, -1 when it cannot be read; always ends buffer with NUL. */
long file_read(const char *path, char *buffer, size_t size);

/* Of root's 41 capabilities the 19 that doc/kennel.5 names: those that a payload keeps. */
#define FIXTURE_CAPABILITIES UINT64_C(0xb9806dff)

/* A job's prepare(): natively root has no other capabilities then, once it execs. */
void fixture_drop_capabilities(void);

/* Processes that descend from this test but guards and zombies; waits up to so long for none. */
unsigned fixture_descendants(void);
bool fixture_all_gone(unsigned wait_ms);

/* A line for whoever runs the tests: tools/run_tests.py shows it, and adds up "NUMBER WHAT: ..." of one program. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How much longer everything may take than usual: KENNEL_TEST_SLOWER, 1 without it. */
unsigned fixture_slower(void);
enum { MUCH_SLOWER = 5 }; /* from here on, a tenth is done of what is done often, and races may be missed */
unsigned fixture_rounds(unsigned usual);

void sleep_ms(unsigned ms);
/* Waits until the file holds the word; false when it does not in time. */
bool wait_for_text(const char *path, const char *word, unsigned wait_ms);

/* The first log line with these values of these fields, or NULL; key_b may be NULL. Lines end with NUL or newline. */
const char *log_line(const char *log, const char *key_a, const char *value_a, const char *key_b, const char *value_b);
unsigned log_count(const char *log, const char *key_a, const char *value_a, const char *key_b, const char *value_b);
/* A field of that line, unescaped; false when it is missing. */
bool log_field(const char *line, const char *key, char *buffer, size_t size);

/* The outcome of a guest: 77 skips the test, anything but expected fails it with its output. */
void expect_status(const struct outcome *outcome, int expected, const char *what);

#endif
