/*
 * Shared by the tests of path resolution: a scratch tree, a call in flight, and both roads.
 */
#ifndef KENNEL_TESTS_PATH_FIXTURE_H
#define KENNEL_TESTS_PATH_FIXTURE_H

#include <limits.h>

#include "core/path.h"
#include "tests/unit/fake_path.h"
#include "tests/unit/path_tree.h"

enum road { ROAD_USUAL, ROAD_SLOW };

extern struct fake_path fake;
extern char top[TREE_NAME_SIZE]; /* the tree, which is the current directory */

/* For TestSuite(). */
void path_setup(void);
void path_teardown(void);

/* Gives up root's rights until the end of the test. */
void become_nobody(void);

/* path_begin() and path_find() by either road. */
int begin(enum road road, int dirfd, const char *string, unsigned flags, struct path *path);
int find(enum road road, int dirfd, const char *string, unsigned flags, struct path *path);

/* "@" at the beginning stands for the name of the tree. Until the next call. */
const char *expand(const char *string);

void name_of(int fd, char name[PATH_MAX]);
void expect_same_object(int native, int ours, const char *string);

#endif
