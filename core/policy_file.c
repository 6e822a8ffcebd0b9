/*
 * Where policy text comes from: files given with -P or included, and the profiles inside
 * the program. A file is checked before it is believed, and bounded in size, number and depth.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/policy_load.h"
#include "core/policy_net_rule.h"
#include "core/profile.h"
#include "core/util.h"

/* A request to read a file or profile, and where to complain about it. */
struct policy_request {
	struct policy_loader *loader;
	const struct policy_place *place;
	size_t offset;
};

static bool policy_file_ends(const char *path, const char *ending)
{
	size_t length = strlen(path);
	size_t ending_length = strlen(ending);

	return length > ending_length && str_equal(path + length - ending_length, ending);
}

bool policy_file_has_ending(const char *path)
{
	return policy_file_ends(path, ".kennel") || policy_file_ends(path, ".syd-3");
}

/* A list of networks, not of commands. */
static bool policy_file_is_list(const char *path)
{
	return policy_file_ends(path, ".ipset") || policy_file_ends(path, ".netset");
}

/* What is wrong with the opened file, NULL: nothing. */
static const char *policy_file_objection(const struct policy_loader *loader, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "expected a regular file";
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return "expected a file that belongs to root or to you";
	if (status->st_mode & S_IWOTH)
		return "expected a file that not everybody may write";
	if (status->st_size > (off_t)(POLICY_INCLUDE_BYTES - loader->byte_count))
		return "expected at most 16 MiB of policy";
	return NULL;
}

static bool policy_source_push(const struct policy_request *request, const char *name, struct policy_source source)
{
	struct policy_loader *loader = request->loader;

	for (unsigned i = 0; i < loader->depth; i++) {
		if (loader->sources[i].device != source.device || loader->sources[i].inode != source.inode)
			continue;
		policy_fail(loader, request->place, request->offset, "'%s' includes itself", name);
		return false;
	}
	if (loader->depth == POLICY_INCLUDE_DEPTH) {
		policy_fail(loader, request->place, request->offset, "expected at most %u includes within each other",
			POLICY_INCLUDE_DEPTH);
		return false;
	}
	if (++loader->file_count > POLICY_INCLUDE_FILES) {
		policy_fail(loader, request->place, request->offset, "expected at most %u policy files",
			POLICY_INCLUDE_FILES);
		return false;
	}
	loader->sources[loader->depth++] = source;
	return true;
}

/* The whole file into *text_out, at most limit bytes; the length or -errno. */
static ssize_t policy_file_read(int fd, size_t limit, char **text_out)
{
	AUTO_FREE char *text = malloc(limit + 1);
	size_t length = 0;

	if (!text)
		return -ENOMEM;
	while (length < limit) {
		ssize_t got = errno_result(read(fd, text + length, limit - length));

		if (got == 0)
			break;
		if (got < 0 && got != -EINTR)
			return got;
		length += got > 0 ? (size_t)got : 0;
	}
	text[length] = '\0';
	*text_out = take_ptr(text);
	return (ssize_t)length;
}

static void policy_file_parse(struct policy_loader *loader, const char *path, const char *text, size_t length)
{
	const char *slash = strrchr(path, '/');
	size_t directory_length = slash ? (size_t)(slash - path) + (slash == path) : 0;
	char directory[PATH_MAX];
	struct policy_place place = { .file = path, .directory = directory };
	bool has_mark = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;

	snprintf(directory, sizeof(directory), "%.*s", (int)directory_length, path);
	if (!slash)
		place.directory = NULL;
	text += 3 * has_mark;
	length -= 3 * has_mark;
	if (policy_file_is_list(path))
		policy_load_networks(loader, text, length, &place);
	else
		policy_load_text(loader, text, length, &place);
}

static int policy_file_load_open(const struct policy_request *request, const char *path, int fd)
{
	struct policy_loader *loader = request->loader;
	AUTO_FREE char *text = NULL;
	struct stat status;
	const char *objection;
	ssize_t length;

	if (fstat(fd, &status) < 0)
		return -EIO;
	objection = policy_file_objection(loader, &status);
	if (objection) {
		policy_fail(loader, request->place, request->offset, "%s: '%s'", objection, path);
		return 0;
	}
	if (!policy_source_push(request, path, (struct policy_source){ status.st_dev, status.st_ino }))
		return 0;
	/* What is written to the file while we read it is not read. */
	length = policy_file_read(fd, (size_t)status.st_size, &text);
	if (length >= 0) {
		loader->byte_count += (size_t)length;
		policy_file_parse(loader, path, text, (size_t)length);
	}
	loader->depth--;
	return length < 0 ? (int)length : 0;
}

static void policy_file_load(const struct policy_request *request, const char *path)
{
	/* O_NONBLOCK: the open of a FIFO must not hang before it can be refused. */
	AUTO_CLOSE int fd = -1;
	int result;

	if (!policy_file_has_ending(path) && !policy_file_is_list(path)) {
		policy_fail(request->loader, request->place, request->offset,
			"expected the name of a .kennel, .syd-3, .ipset or .netset file, found '%s'", path);
		return;
	}
	fd = errno_result(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
	result = fd < 0 ? fd : policy_file_load_open(request, path, fd);
	if (result)
		policy_fail(request->loader, request->place, request->offset, "cannot read '%s': %s", path,
			strerror(-result));
}

static void policy_profile_load(const struct policy_request *request, const char *name)
{
	const struct profile_text *profile = profile_find(name);
	const char *words[32];
	size_t count = 0;
	struct policy_hint hint;
	char file[POLICY_WORD_MAX];
	struct policy_place place = { .file = file };

	if (!profile) {
		for (; count < profile_texts_count && count < ARRAY_SIZE(words); count++)
			words[count] = profile_texts[count].name;
		policy_fail(request->loader, request->place, request->offset,
			"unknown profile '%s', expected one that kennel profiles lists%s", name,
			policy_hint_nearest(&hint, name, words, count));
		return;
	}
	snprintf(file, sizeof(file), "-p %s", name);
	if (!policy_source_push(request, name, (struct policy_source){ 0, (ino_t)(uintptr_t)profile->text }))
		return;
	policy_load_text(request->loader, profile->text, strlen(profile->text), &place);
	request->loader->depth--;
}

void policy_load_file(struct policy_loader *loader, const char *path)
{
	struct policy_place place = { .file = "-P", .line = 1 };
	struct policy_request request = { loader, &place, 0 };

	policy_mark_configured(loader->policy);
	policy_file_load(&request, path);
}

void policy_load_profile(struct policy_loader *loader, const char *name)
{
	struct policy_place place = { .file = "-p", .line = 1 };
	struct policy_request request = { loader, &place, 0 };

	policy_mark_configured(loader->policy);
	policy_profile_load(&request, name);
}

void policy_load_include(struct policy_statement *statement, const char *file)
{
	struct policy_request request = { statement->loader, statement->place, statement->value_at };
	const char *directory = statement->place->directory;
	AUTO_FREE char *joined = NULL;

	if (file[0] == '/' || !directory) {
		policy_file_load(&request, file);
		return;
	}
	if (asprintf(&joined, "%s%s%s", directory, str_equal(directory, "/") ? "" : "/", file) < 0)
		policy_fail_memory(statement->loader);
	else
		policy_file_load(&request, joined);
}

void policy_load_include_profile(struct policy_statement *statement, const char *name)
{
	struct policy_request request = { statement->loader, statement->place, statement->value_at };

	policy_profile_load(&request, name);
}
