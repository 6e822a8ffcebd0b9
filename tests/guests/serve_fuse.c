/*
 * A FUSE filesystem in memory, on a descriptor of /dev/fuse that is mounted already (the
 * argument), so small that everybody sees what it does. Nothing is cached. Looking up "stuck",
 * opening "stalled" and making a node "mute" are never answered; closing "sticky" takes a second.
 */
#include "guest.h"

#include <dirent.h>
#include <linux/fuse.h>
#include <poll.h>

#define FUSE_NODES 64
#define FUSE_LATE_MS 1000
#define FUSE_BUFFER (FUSE_MIN_READ_BUFFER + 131072)

struct fuse_node {
	uint64_t parent; /* 0: the slot is free */
	char name[64];
	mode_t mode;
	uid_t uid, gid;
	char data[256]; /* or where a symlink leads */
	uint64_t size;
};

/* A request and what is answered. */
struct fuse_request {
	const struct fuse_in_header *in;
	const char *data;
	struct fuse_node *node;
	int error;
	bool silent;
	size_t size;
	char answer[8192];
};

/* Answers that are given later, in order. */
static struct {
	uint64_t unique;
	int64_t due;
} fuse_late[256];
static size_t fuse_late_count;

static struct fuse_node fuse_nodes[FUSE_NODES]; /* node id - 1; the first is the root */

static struct fuse_node *fuse_find(uint64_t parent, const char *name)
{
	for (size_t i = 1; i < FUSE_NODES; i++)
		if (fuse_nodes[i].parent == parent && strcmp(fuse_nodes[i].name, name) == 0)
			return &fuse_nodes[i];
	return NULL;
}

static struct fuse_node *fuse_make(uint64_t parent, const char *name, mode_t mode, const char *data)
{
	struct fuse_node *node = fuse_nodes;

	while (node->parent)
		node++;
	CHECK(node < fuse_nodes + FUSE_NODES && strlen(name) < sizeof(node->name));
	*node = (struct fuse_node){ .parent = parent, .mode = mode, .size = strlen(data) };
	strcpy(node->name, name);
	strcpy(node->data, data);
	return node;
}

static void fuse_attributes(const struct fuse_node *node, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = (uint64_t)(node - fuse_nodes) + 1,
		.size = node->size,
		.mode = node->mode,
		.nlink = 1,
		.uid = node->uid,
		.gid = node->gid,
		.blksize = 4096,
	};
}

#define FUSE_ANSWER(request, type) \
	((request)->size += sizeof(type), (type *)(void *)((request)->answer + (request)->size - sizeof(type)))

static void fuse_entry(struct fuse_request *request, const struct fuse_node *node)
{
	struct fuse_entry_out *out = FUSE_ANSWER(request, struct fuse_entry_out);

	*out = (struct fuse_entry_out){ .nodeid = (uint64_t)(node - fuse_nodes) + 1, .generation = 1 };
	fuse_attributes(node, &out->attr);
}

static void fuse_open_out(struct fuse_request *request)
{
	*FUSE_ANSWER(request, struct fuse_open_out) = (struct fuse_open_out){ .open_flags = FOPEN_DIRECT_IO };
}

static void fuse_new(struct fuse_request *request, const char *name, mode_t mode, const char *data)
{
	struct fuse_node *node = fuse_make(request->in->nodeid, name, mode, data);

	node->uid = request->in->uid;
	node->gid = request->in->gid;
	fuse_entry(request, node);
}

static void fuse_lookup(struct fuse_request *request)
{
	const struct fuse_node *node = fuse_find(request->in->nodeid, request->data);

	request->silent = strcmp(request->data, "stuck") == 0;
	if (node)
		fuse_entry(request, node);
	else
		request->error = -ENOENT;
}

static void fuse_getattr(struct fuse_request *request)
{
	struct fuse_attr_out *out = FUSE_ANSWER(request, struct fuse_attr_out);

	*out = (struct fuse_attr_out){ 0 };
	fuse_attributes(request->node, &out->attr);
}

static void fuse_setattr(struct fuse_request *request)
{
	const struct fuse_setattr_in *in = (const void *)request->data;

	if (in->valid & FATTR_MODE)
		request->node->mode = in->mode;
	if (in->valid & FATTR_UID)
		request->node->uid = in->uid;
	if (in->valid & FATTR_GID)
		request->node->gid = in->gid;
	if (in->valid & FATTR_SIZE)
		request->node->size = in->size;
	fuse_getattr(request);
}

static void fuse_remove(struct fuse_request *request)
{
	struct fuse_node *node = fuse_find(request->in->nodeid, request->data);

	if (node)
		node->parent = 0;
	else
		request->error = -ENOENT;
}

static void fuse_rename(struct fuse_request *request, uint64_t to, const char *names)
{
	struct fuse_node *node = fuse_find(request->in->nodeid, names);
	struct fuse_node *other = fuse_find(to, names + strlen(names) + 1);

	if (!node) {
		request->error = -ENOENT;
		return;
	}
	if (other)
		other->parent = 0;
	node->parent = to;
	strcpy(node->name, names + strlen(names) + 1);
}

static void fuse_read_data(struct fuse_request *request)
{
	const struct fuse_read_in *in = (const void *)request->data;

	if (in->offset >= request->node->size)
		return;
	request->size = request->node->size - in->offset;
	memcpy(request->answer, request->node->data + in->offset, request->size);
}

static void fuse_write_data(struct fuse_request *request)
{
	const struct fuse_write_in *in = (const void *)request->data;

	if (in->offset + in->size > sizeof(request->node->data)) {
		request->error = -ENOSPC;
		return;
	}
	memcpy(request->node->data + in->offset, in + 1, in->size);
	request->node->size = in->offset + in->size;
	*FUSE_ANSWER(request, struct fuse_write_out) = (struct fuse_write_out){ .size = in->size };
}

static void fuse_readdir(struct fuse_request *request)
{
	const struct fuse_read_in *in = (const void *)request->data;

	for (size_t i = in->offset + 1; i < FUSE_NODES; i++) {
		const struct fuse_node *node = &fuse_nodes[i];
		struct fuse_dirent entry = { .ino = i + 1, .off = i, .namelen = (uint32_t)strlen(node->name) };
		size_t size = FUSE_DIRENT_ALIGN(sizeof(entry) + entry.namelen);

		if (node->parent != request->in->nodeid || request->size + size > in->size)
			continue;
		memcpy(request->answer + request->size, &entry, sizeof(entry));
		memcpy(request->answer + request->size + sizeof(entry), node->name, entry.namelen);
		request->size += size;
	}
}

static void fuse_flush(struct fuse_request *request)
{
	request->silent = strcmp(request->node->name, "sticky") == 0 && fuse_late_count < 256;
	if (!request->silent)
		return;
	fuse_late[fuse_late_count].unique = request->in->unique;
	fuse_late[fuse_late_count++].due = guest_now_ms() + guest_limit_ms(FUSE_LATE_MS);
}

static void fuse_init(struct fuse_request *request)
{
	const struct fuse_init_in *in = (const void *)request->data;
	struct fuse_init_out *out = FUSE_ANSWER(request, struct fuse_init_out);

	*out = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor : FUSE_KERNEL_MINOR_VERSION,
		.max_background = 256,
		.congestion_threshold = 256,
		.max_write = 4096 };
}

static void fuse_names(struct fuse_request *request)
{
	const char *data = request->data;

	switch (request->in->opcode) {
	case FUSE_LOOKUP:
		return fuse_lookup(request);
	case FUSE_MKDIR:
		data += sizeof(struct fuse_mkdir_in);
		return fuse_new(
			request, data, S_IFDIR | ((const struct fuse_mkdir_in *)(const void *)request->data)->mode, "");
	case FUSE_MKNOD:
		data += sizeof(struct fuse_mknod_in);
		request->silent = strcmp(data, "mute") == 0;
		return fuse_new(request, data, ((const struct fuse_mknod_in *)(const void *)request->data)->mode, "");
	case FUSE_SYMLINK:
		return fuse_new(request, data, S_IFLNK | 0777, data + strlen(data) + 1);
	case FUSE_CREATE:
		data += sizeof(struct fuse_create_in);
		fuse_new(request, data, ((const struct fuse_create_in *)(const void *)request->data)->mode, "");
		return fuse_open_out(request);
	case FUSE_UNLINK:
	case FUSE_RMDIR:
		return fuse_remove(request);
	case FUSE_RENAME:
		return fuse_rename(request, ((const struct fuse_rename_in *)(const void *)data)->newdir,
			data + sizeof(struct fuse_rename_in));
	case FUSE_RENAME2:
		return fuse_rename(request, ((const struct fuse_rename2_in *)(const void *)data)->newdir,
			data + sizeof(struct fuse_rename2_in));
	default:
		request->error = -ENOSYS;
	}
}

static void fuse_handle(struct fuse_request *request)
{
	switch (request->in->opcode) {
	case FUSE_INIT:
		return fuse_init(request);
	case FUSE_GETATTR:
		return fuse_getattr(request);
	case FUSE_SETATTR:
		return fuse_setattr(request);
	case FUSE_READLINK:
		request->size = request->node->size;
		memcpy(request->answer, request->node->data, request->size);
		break;
	case FUSE_OPEN:
		request->silent = strcmp(request->node->name, "stalled") == 0;
		/* fall through */
	case FUSE_OPENDIR:
		return fuse_open_out(request);
	case FUSE_READ:
		return fuse_read_data(request);
	case FUSE_WRITE:
		return fuse_write_data(request);
	case FUSE_READDIR:
		return fuse_readdir(request);
	case FUSE_STATFS:
		*FUSE_ANSWER(request, struct fuse_statfs_out) = (struct fuse_statfs_out){ .st = { .namelen = 63 } };
		break;
	case FUSE_FLUSH:
		return fuse_flush(request);
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		request->silent = true;
		break;
	default:
		fuse_names(request);
	}
}

static void fuse_serve(int fd, char *buffer)
{
	static struct fuse_request request;
	struct fuse_out_header *out;
	static char answer[sizeof(*out) + sizeof(request.answer)];

	memset(&request, 0, sizeof(request));
	request.in = (const void *)buffer;
	request.data = buffer + sizeof(*request.in);
	if (request.in->nodeid && request.in->nodeid <= FUSE_NODES)
		request.node = &fuse_nodes[request.in->nodeid - 1];
	fuse_handle(&request);
	if (request.silent)
		return;
	out = (void *)answer;
	*out = (struct fuse_out_header){ .unique = request.in->unique, .error = request.error };
	if (request.error)
		request.size = 0;
	out->len = (uint32_t)(sizeof(*out) + request.size);
	memcpy(answer + sizeof(*out), request.answer, request.size);
	/* ENOENT: nobody waits for it any more. */
	CHECK(write(fd, answer, out->len) == (ssize_t)out->len || errno == ENOENT);
}

/* Gives the answers that are due; how long to wait for the next, -1: there is none. */
static int fuse_answer_late(int fd)
{
	while (fuse_late_count && fuse_late[0].due <= guest_now_ms()) {
		struct fuse_out_header out = { .len = sizeof(out), .unique = fuse_late[0].unique };

		CHECK(write(fd, &out, sizeof(out)) == (ssize_t)sizeof(out) || errno == ENOENT);
		memmove(fuse_late, fuse_late + 1, --fuse_late_count * sizeof(fuse_late[0]));
	}
	return fuse_late_count ? FUSE_LATE_MS / 10 : -1;
}

int main(int argc, char **argv)
{
	static char buffer[FUSE_BUFFER];
	int fd = argc == 2 ? atoi(argv[1]) : -1;

	CHECK(fd >= 0);
	fuse_make(1, "", S_IFDIR | 0755, "");
	fuse_make(1, "file", S_IFREG | 0644, "text");
	fuse_make(1, "stalled", S_IFREG | 0644, "text");
	fuse_make(1, "sticky", S_IFREG | 0644, "text");
	fuse_make(1, "program", S_IFREG | 0755, "#!/bin/true\n");
	fuse_make(1, "link", S_IFLNK | 0777, "file");
	fuse_make(fuse_make(1, "dir", S_IFDIR | 0755, "") - fuse_nodes + 1, "in", S_IFREG | 0644, "in");
	for (;;) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&pollfd, 1, fuse_answer_late(fd)) == 0)
			continue;
		got = read(fd, buffer, sizeof(buffer));
		if (got < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
			continue;
		if (got <= 0)
			return 0; /* unmounted */
		fuse_serve(fd, buffer);
	}
}
