/*
 * The one event loop and its graveyard: objects marked for removal during a turn are
 * freed at its end, in one place, so that any callback may destroy anything.
 */
#ifndef KENNEL_CORE_LOOP_H
#define KENNEL_CORE_LOOP_H

struct ev_loop;
struct loop;

/* Embedded in what is freed late; `free` gets the grave back and finds its owner by offset. */
struct grave {
	struct grave *next;
	void (*free)(struct grave *grave);
};

/* NULL when the kernel gives no epoll descriptor or memory is exhausted. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* The libev loop, for watchers that other files of core/ embed. */
struct ev_loop *loop_ev(struct loop *loop);

/*
 * For the events of each callback of a descriptor: libev stops watching one where the kernel has no room
 * for it, and says so only there. The process ends.
 */
void loop_check(int events);

/* Runs until loop_stop(); frees the graveyard at the end of every turn. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Frees at the end of this turn. The owner stopped its watchers before. */
void loop_bury(struct loop *loop, struct grave *grave, void (*free_grave)(struct grave *grave));

#endif
