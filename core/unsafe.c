/*
 * The names of what can be given back, in the order in which they are printed, and of what would defeat every rule.
 */
#include "core/unsafe.h"

#include <stddef.h>

#include "core/util.h"

static const char *const unsafe_names[UNSAFE_COUNT] = {
	[UNSAFE_CAPS] = "caps",
	[UNSAFE_ENV] = "env",
	[UNSAFE_HARDLINKS] = "hardlinks",
	[UNSAFE_KEYRING] = "keyring",
	[UNSAFE_LEGACY] = "legacy",
	[UNSAFE_NICE] = "nice",
	[UNSAFE_PERF] = "perf",
	[UNSAFE_PERSONALITY] = "personality",
	[UNSAFE_PRCTL] = "prctl",
	[UNSAFE_PTRACE] = "ptrace",
	[UNSAFE_RAWIO] = "rawio",
	[UNSAFE_REBOOT] = "reboot",
	[UNSAFE_SYMLINKS] = "symlinks",
	[UNSAFE_SYSLOG] = "syslog",
	[UNSAFE_TIME] = "time",
	[UNSAFE_USERFAULTFD] = "userfaultfd",
};

static const char elsewhere[] = "it changes what names mean";
static const char inside[] = "it loads code into the kernel";
static const char devices[] = "the kernel itself writes to a file or device";

static const struct unsafe_never {
	const char *name;
	const char *why;
} unsafe_nevers[] = {
	{ "uring", "calls made through io_uring pass no filter" },
	{ "mount", elsewhere },
	{ "chroot", elsewhere },
	{ "pivot_root", elsewhere },
	{ "namespace", elsewhere },
	{ "namespaces", elsewhere },
	{ "handles", "a file handle reaches files without a name" },
	{ "bpf", inside },
	{ "ebpf", inside },
	{ "kexec", inside },
	{ "module", inside },
	{ "acct", devices },
	{ "swap", devices },
	{ "quota", devices },
	{ "landlock", "the supervisor acts outside of such a domain" },
	{ "dumpable", "the supervisor could not read the process" },
};

const char *unsafe_name(enum unsafe unsafe)
{
	return unsafe_names[unsafe];
}

const char *unsafe_never(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsafe_nevers); i++)
		if (str_equal(unsafe_nevers[i].name, name))
			return unsafe_nevers[i].why;
	return NULL;
}
