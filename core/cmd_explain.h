/* kennel explain: which rule decides on a name, and what would change that. */
#ifndef KENNEL_CORE_CMD_EXPLAIN_H
#define KENNEL_CORE_CMD_EXPLAIN_H

/* argv[0] is "explain". 0: allowed, 1: refused, 125: an error. */
int cmd_explain(int argc, char **argv);

#endif
