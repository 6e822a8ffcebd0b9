/*
 * A worker: a process that makes one blocking call for the supervisor and reports back.
 */
#ifndef KENNEL_CORE_WORKER_H
#define KENNEL_CORE_WORKER_H

struct message;
struct policy;
struct supervisor;

/* Descriptors of MESSAGE_WORK. */
enum { WORKER_FD_REPLY, WORKER_FD_OBJECT, WORKER_FD_COUNT };

/*
 * In the child of the launcher: opens the object with message->value as open flags under
 * message->identity and sends the descriptor. May block; is killed when nobody wants it any more.
 */
_Noreturn void worker_run(const struct supervisor *supervisor, const struct message *message, const int *fds);

/*
 * The same for a step of a handler: supervisor and policy are the copies that the launcher was
 * forked with. The second descriptor is the log's.
 */
_Noreturn void worker_step(struct supervisor *supervisor, struct policy *policy, const int *fds);

#endif
