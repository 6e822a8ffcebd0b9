/* kennel diff: what one policy allows and another does not. */
#ifndef KENNEL_CORE_CMD_DIFF_H
#define KENNEL_CORE_CMD_DIFF_H

/* argv[0] is "diff". 0: the same, 1: different, 125: an error, or it cannot be told. */
int cmd_diff(int argc, char **argv);

#endif
