/*
 * getdents64, getdents and the readdir of old 32-bit ABIs. We read on a duplicate of the target's
 * descriptor, leave out what the list category refuses, and put the offset, which both share,
 * behind the last entry that was given. Decides the list category only.
 */
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"
#include "handlers/list_entries.h"

#define LIST_CHUNK 32768
/* So many chunks in one turn of the loop: a directory of refused names is as long as its maker likes. */
#define LIST_CHUNKS 16
/* Each refusal may be a line in the log: so many, and others are served. */
#define LIST_REFUSALS 256
#define LIST_PAUSE_MS 1

struct list_job {
	struct call *call;
	const struct path *path; /* of the directory */
	enum list_layout layout;
	unsigned word;
	int fd;
	uint64_t address;
	size_t room;
	size_t done;       /* bytes that the target has */
	int64_t at;        /* where the next entry is, in our offsets */
	bool folded;       /* its offsets are the upper halves of ours */
	bool full;         /* the next entry does not fit */
	bool left_out;     /* some entry of this chunk was */
	unsigned refusals; /* in this turn */
	int error;         /* why the first entry cannot be given */
	size_t read;       /* bytes in `from` */
	size_t ready;      /* bytes in `to` that are not yet the target's */
	unsigned char from[LIST_CHUNK];
	unsigned char to[LIST_CHUNK];
};

static bool list_is_dots(const struct list_entry *entry)
{
	return entry->name[0] == '.' && (entry->name_length == 1 || (entry->name_length == 2 && entry->name[1] == '.'));
}

/* What is too long for a path cannot be judged, and reached by no name. */
static bool list_refused(const struct list_job *job, const struct list_entry *entry)
{
	const char *directory = job->path->name;
	const char *slash = directory[1] == '\0' ? "" : "/";
	char name[PATH_NAME_SIZE];

	if (job->path->unnamed || list_is_dots(entry))
		return false;
	if (strlen(directory) + 1 + entry->name_length >= sizeof(name))
		return true;
	stpcpy(stpcpy(stpcpy(name, directory), slash), entry->name);
	return access_check(job->call, CAT_LIST, name) < 0;
}

/* ext4 gives 32-bit callers the upper half of its offsets, which are hashes. */
static uint64_t list_offset(const struct list_job *job, uint64_t offset)
{
	return job->folded ? offset >> 32 : offset;
}

/* One entry that may be seen. false: it does not fit, and ends the call. */
static bool list_give(struct list_job *job, const struct list_entry *entry)
{
	size_t size = list_entry_size(job->layout, job->word, entry);
	uint64_t shown = job->layout == LIST_ONE ? (uint64_t)job->at : entry->next;

	if (job->layout != LIST_ONE && size > job->room - job->done - job->ready)
		job->error = -EINVAL;
	else if (job->layout != LIST_64 && job->word == sizeof(uint32_t) && entry->inode > UINT32_MAX)
		job->error = -EOVERFLOW;
	else
		job->error = 0;
	if (job->error < 0)
		return false;
	list_entry_write(job->layout, job->word, entry, list_offset(job, shown), job->to + job->ready);
	job->ready += size;
	return true;
}

static int list_flush(struct list_job *job)
{
	int error = mem_write(job->call, job->address + job->done, job->to, job->ready);

	if (error >= 0)
		job->done += job->ready;
	job->ready = 0;
	return error;
}

static bool list_stops(const struct list_job *job)
{
	return job->full || job->refusals >= LIST_REFUSALS;
}

/* The entries that were read, until one does not fit. `singly`: written one by one, until one cannot be. */
static int list_take(struct list_job *job, bool singly)
{
	struct list_entry entry;
	int error = 0;

	for (size_t at = 0; at < job->read && !list_stops(job) && error >= 0; at += entry.record) {
		list_entry_read(job->from + at, &entry);
		if (list_refused(job, &entry)) {
			job->left_out = true;
			job->refusals++;
		} else if (!list_give(job, &entry)) {
			job->full = true;
			break;
		} else {
			error = singly ? list_flush(job) : 0;
			job->full = job->layout == LIST_ONE;
		}
		if (error >= 0)
			job->at = (int64_t)entry.next;
	}
	return error;
}

/* As natively, entries before one that cannot be written are the target's. */
static int list_chunk(struct list_job *job)
{
	int64_t at = job->at;
	int error;

	job->left_out = false;
	error = list_take(job, false);
	if (error >= 0)
		error = list_flush(job);
	if (error != -EFAULT)
		return error;
	job->at = at;
	job->full = false;
	job->refusals = 0;
	return list_take(job, true);
}

static ssize_t list_read(struct list_job *job, size_t size)
{
	ssize_t got = errno_result(syscall(SYS_getdents64, job->fd, job->from, size));

	job->read = got < 0 ? 0 : (size_t)got;
	return got;
}

/*
 * A 32-bit caller of ext4 seeks with the upper half of an offset, which our kernel takes for
 * an early one. Seen in what is read: the offsets of hashed directories never fit 32 bits.
 */
static ssize_t list_unfold(struct list_job *job, size_t size, ssize_t got)
{
	struct list_entry first;
	struct statfs fs;

	if (call_long_bytes(job->call) != sizeof(uint32_t) || got <= 0 || fstatfs(job->fd, &fs) < 0 ||
		fs.f_type != EXT4_SUPER_MAGIC)
		return got;
	list_entry_read(job->from, &first);
	job->folded = first.next > UINT32_MAX;
	if (!job->folded || job->at == 0 || job->at > INT32_MAX)
		return got;
	job->at = lseek(job->fd, job->at << 32, SEEK_SET);
	return job->at < 0 ? -EIO : list_read(job, size);
}

/* Our offset may be further than what was given. */
static int list_put_back(const struct list_job *job)
{
	return lseek(job->fd, job->at, SEEK_SET) < 0 ? -EIO : 0;
}

/* The size of the next read: what fits, but always room for one entry, which may have to be left out. */
static size_t list_want(const struct list_job *job)
{
	size_t room = job->room - job->done;

	if (room > LIST_CHUNK)
		return LIST_CHUNK;
	return room < LIST_RECORD_MAX ? LIST_RECORD_MAX : room;
}

/* Records of this size are ours, too: what our kernel gives for so much room is the native answer. */
static bool list_is_exact(const struct list_job *job, size_t want)
{
	bool same = job->layout == LIST_64 || (job->layout == LIST_OLD && job->word == sizeof(uint64_t));

	return same && want == job->room - job->done;
}

/* As list_all(), behind entries that were not looked at. */
static int list_stopped(const struct list_job *job)
{
	if (job->done > 0)
		return 1;
	return job->full ? job->error : 0;
}

/* Chunk by chunk: 1 at the end, of the directory or of what fits; 0 when it has to go on later. */
static int list_all(struct list_job *job)
{
	for (unsigned chunk = 0; chunk < LIST_CHUNKS; chunk++) {
		size_t want = list_want(job);
		bool exact = list_is_exact(job, want);
		ssize_t got = list_read(job, want);
		int error;

		if (chunk == 0)
			got = list_unfold(job, want, got);
		if (got <= 0)
			return got < 0 ? (int)got : 1;
		error = list_chunk(job);
		if (list_stops(job) || error < 0)
			return list_put_back(job) < 0 ? -EIO : error < 0 ? error : list_stopped(job);
		if (exact && !job->left_out)
			return 1;
		if (job->done > 0 && job->room - job->done < list_entry_least(job->layout, job->word))
			return 1;
	}
	return job->done > 0;
}

static struct verdict list_run(struct list_job *job)
{
	int result = call_revalidate(job->call);

	if (result >= 0) {
		job->at = lseek(job->fd, 0, SEEK_CUR);
		result = list_all(job);
	}
	if (job->done > 0)
		return verdict_return(job->layout == LIST_ONE ? 1 : (int64_t)job->done);
	if (result < 0)
		return verdict_fail(result);
	if (result > 0)
		return verdict_return(0);
	result = call_wait_ms(job->call, LIST_PAUSE_MS);
	return result < 0 ? verdict_fail(result) : verdict_wait();
}

/* Why a descriptor without a name cannot be read: what the kernel says comes first. */
static int list_nameless(int fd, int error)
{
	int said = errno_result((int)syscall(SYS_getdents64, fd, NULL, 0));

	return said < 0 && said != -EINVAL ? said : error;
}

static struct verdict list_enter(struct call *call)
{
	static const struct {
		enum sysno sysno;
		enum list_layout layout;
	} rows[] = {
		{ SC_getdents64, LIST_64 },
		{ SC_getdents, LIST_OLD },
		{ SC_readdir, LIST_ONE },
	};
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = fds_get(call, call_arg_int(call, 0));
	int room = call_arg_int(call, 2);
	struct list_job job;
	int error;

	if (fd < 0)
		return verdict_fail(fd);
	error = path_of_descriptor(call, fd, &path);
	if (error < 0)
		return verdict_fail(list_nameless(fd, error));
	job.call = call;
	job.path = &path;
	job.layout = COMMON_ROW(rows, call)->layout;
	job.word = call_kernel_long_bytes(call);
	job.fd = fd;
	job.address = call_arg(call, 1);
	job.room = job.layout == LIST_ONE ? LIST_RECORD_MAX : room > 0 ? (size_t)room : 0;
	job.done = 0;
	job.ready = 0;
	job.error = 0;
	job.refusals = 0;
	job.folded = false;
	job.full = false;
	return list_run(&job);
}

/* The offset is behind what was left out: the rest is a call like the first. */
static struct verdict list_resume(struct call *call, const struct wake *wake)
{
	(void)wake;
	return list_enter(call);
}

const struct handler handler_list = {
	.name = "list",
	.flags = H_IDENTITY | H_MAY_WAIT,
	.categories = CAT_BIT(CAT_LIST),
	.enter = list_enter,
	.resume = list_resume,
};
