/*
 * What the kernel would load for a file that is executed: a script's interpreter line, or
 * an ELF program's own interpreter and what it asks of its memory. program_read(): bytes in,
 * facts out; the rest asks about the call at hand. No path is resolved and nothing is decided here.
 */
#ifndef KENNEL_CORE_PROGRAM_H
#define KENNEL_CORE_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

struct call;

enum program_kind {
	PROGRAM_OTHER,  /* neither: the kernel says ENOEXEC, or binfmt_misc knows better */
	PROGRAM_SCRIPT, /* interpreter: the name after "#!" */
	PROGRAM_ELF,    /* interpreter: PT_INTERP, empty for a static program */
};

struct program {
	enum program_kind kind;
	bool word32;           /* ELF of 32 bits */
	bool executable_stack; /* PT_GNU_STACK asks for one */
	bool writable_code;    /* a PT_LOAD is writable and executable */
	bool no_stack_header;  /* no PT_GNU_STACK: what memory may do is the architecture's old custom */
	bool reads_execute;    /* by that custom all that is readable is executable */
	char interpreter[PATH_MAX];
};

/*
 * Reads at most 64 KiB and a name of fd (open for reading, a regular file) with pread. 0, or -errno as the
 * kernel gives it: -ENOEXEC for what looks like a script or an ELF program but cannot be run (256 bytes of a
 * script's first line, the form of PT_INTERP), -EACCES for an interpreter without a name, -EIO for a file that ends
 * too early.
 */
int program_read(int fd, struct program *program_out);

/*
 * Opens the held object (O_PATH, a regular file) for reading, with our own rights where the caller may execute
 * it but not read it. fd or -errno: -ETXTBSY where somebody holds a lease on it, as nobody waits here.
 */
int program_open(struct call *call, int object);

/* Does every readable mapping of the caller become executable (READ_IMPLIES_EXEC)? 1, 0 or -errno. */
int program_implies_exec(struct call *call);

/* Says in the log why a program is refused that the rules themselves allow. */
void program_log_refused(struct call *call, const char *name, const char *why);

#endif
