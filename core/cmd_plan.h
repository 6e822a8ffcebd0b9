/* kennel plan: prints what is done about each system call under a policy, and why. */
#ifndef KENNEL_CORE_CMD_PLAN_H
#define KENNEL_CORE_CMD_PLAN_H

/* argv[0] is "plan". An exit status. */
int cmd_plan(int argc, char **argv);

#endif
