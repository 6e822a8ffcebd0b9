/*
 * The payload's process between fork and exec.
 */
#ifndef KENNEL_CORE_PAYLOAD_H
#define KENNEL_CORE_PAYLOAD_H

/*
 * In the child of the launcher: takes its place (group, descriptors, domain, filters),
 * waits to be released and execs. Never returns.
 */
_Noreturn void payload_run(int channel);

#endif
