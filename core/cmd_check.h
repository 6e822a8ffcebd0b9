/* kennel check: loads a policy and prints what it says, or what is wrong with it. */
#ifndef KENNEL_CORE_CMD_CHECK_H
#define KENNEL_CORE_CMD_CHECK_H

/* argv[0] is "check". An exit status: 0, or 125 with the errors on stderr. */
int cmd_check(int argc, char **argv);

#endif
