/*
 * A scratch tree of everything that is odd about names, made below a new directory of /tmp.
 */
#ifndef KENNEL_TESTS_PATH_TREE_H
#define KENNEL_TESTS_PATH_TREE_H

enum { TREE_NAME_SIZE = 64 };

/* Makes the tree, fills top with its name and makes it the current directory. */
void path_tree_make(char top[TREE_NAME_SIZE]);
void path_tree_remove(const char *top);

#endif
