/*
 * Code under test that ends, confines or spoils its process runs in a child with a session of
 * its own, which is reaped here.
 */
#ifndef KENNEL_TESTS_FORKED_H
#define KENNEL_TESTS_FORKED_H

#include <stdbool.h>
#include <sys/types.h>

typedef void forked_function(void *context);

#define FORKED_NOBODY 65534

/* What waitpid() says of a child that ran the function: 0 when it returned. */
int forked_run(forked_function *function, void *context);

/* The same with nothing on stderr, for what is meant to abort. */
int forked_run_silent(forked_function *function, void *context);

/* In the child: become an ordinary user when this is root. */
void forked_drop_root(void);

/* In the child: an expectation that says where it failed and ends the child. */
#define FORKED_EXPECT(condition) forked_check((condition), #condition, __FILE__, __LINE__)
void forked_check(bool condition, const char *text, const char *file, int line);

#endif
