/* kennel run: a command under a policy. */
#ifndef KENNEL_CORE_CMD_RUN_H
#define KENNEL_CORE_CMD_RUN_H

/* argv[0] is "run". The command's exit status, or 125. */
int cmd_run(int argc, char **argv);

#endif
