/* kennel quote: text as it is written in patterns and values. */
#ifndef KENNEL_CORE_CMD_QUOTE_H
#define KENNEL_CORE_CMD_QUOTE_H

/* argv[0] is "quote". 0, or 125 for an error. */
int cmd_quote(int argc, char **argv);

#endif
