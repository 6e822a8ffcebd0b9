/*
 * The supervisor's side of the launcher: its channel, the start of payloads, the end of
 * what was launched.
 */
#ifndef KENNEL_CORE_LAUNCH_H
#define KENNEL_CORE_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct launch_spec;
struct message;
struct sandbox;
struct supervisor;

/* Watches the channel of a launcher that was started. Takes it and the payload's. 0 or -errno. */
int launch_attach(struct supervisor *supervisor, pid_t launcher_pid, int channel, int payload);
void launch_detach(struct supervisor *supervisor);

/* Sends a message to the launcher. 0 or -errno. */
int launch_send(struct supervisor *supervisor, const struct message *message, const int *fds, unsigned count);

/* Dismisses the worker that was asked for with this id; never lost, the launcher may be behind. */
void launch_cancel_worker(struct supervisor *supervisor, uint32_t id);

/* A number for a piece of work, never 0. */
uint32_t launch_next_id(struct supervisor *supervisor);

/*
 * Starts the payload of a sandbox: asynchronous; the listener, the cage and the release
 * follow in the loop. 0 or -errno.
 */
int launch_payload(struct sandbox *sandbox, const struct launch_spec *spec);

/* True when the payload of this sandbox has become its command. */
bool launch_is_over(struct sandbox *sandbox);

#endif
