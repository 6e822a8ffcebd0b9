/* kennel profiles: the policies that are part of the program. */
#ifndef KENNEL_CORE_CMD_PROFILES_H
#define KENNEL_CORE_CMD_PROFILES_H

/* argv[0] is "profiles". 0, or 125 for a profile that does not exist. */
int cmd_profiles(int argc, char **argv);

#endif
