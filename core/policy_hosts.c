/*
 * The only file that asks the resolver, before anything is confined. The file that stands for /etc/hosts has no name of
 * its own: it is reached through our own descriptor.
 */
#include "core/policy_hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/address_pattern.h"
#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/policy_build.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/util.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_SIZE_MAX (1U << 20)

static int policy_hosts_add(struct address_pattern *pattern, const struct sockaddr *name, FILE *pinned)
{
	bool is_ipv6 = name->sa_family == AF_INET6;
	struct network network = { .is_ipv6 = is_ipv6, .prefix = is_ipv6 ? 128 : 32 };
	char text[INET6_ADDRSTRLEN];

	if (is_ipv6)
		memcpy(network.ip, &((const struct sockaddr_in6 *)(const void *)name)->sin6_addr, 16);
	else if (name->sa_family == AF_INET)
		memcpy(network.ip, &((const struct sockaddr_in *)(const void *)name)->sin_addr, 4);
	else
		return 0;
	inet_ntop(name->sa_family, network.ip, text, sizeof(text));
	fprintf(pinned, "%s %s\n", text, pattern->host);
	return address_pattern_add(pattern, &network);
}

static int policy_hosts_look_up(struct address_pattern *pattern, const struct rule *rule, FILE *pinned, FILE *errors)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int result = getaddrinfo(pattern->host, NULL, &hints, &found);
	int error = 0;

	if (result) {
		fprintf(errors, "kennel: %s", rule->origin.file);
		if (rule->origin.line)
			fprintf(errors, ":%u", rule->origin.line);
		fprintf(errors, ": the host '%s' of the rule %s/%s+%s does not resolve: %s\n", pattern->host,
			action_name(rule->action), category_name(rule->category), pattern_text(rule->pattern),
			gai_strerror(result));
		return -ENOENT;
	}
	for (const struct addrinfo *at = found; at && error == 0; at = at->ai_next)
		error = policy_hosts_add(pattern, at->ai_addr, pinned);
	freeaddrinfo(found);
	return error;
}

/* Ours come first: the first line of a name counts. */
static int policy_hosts_copy(FILE *pinned)
{
	AUTO_CLOSE int fd = open(HOSTS_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char buffer[4096];
	ssize_t got;
	size_t sum = 0;

	while (fd >= 0 && sum < HOSTS_SIZE_MAX && (got = read(fd, buffer, sizeof(buffer))) > 0) {
		fwrite(buffer, 1, (size_t)got, pinned);
		sum += (size_t)got;
	}
	return ferror(pinned) ? -EIO : 0;
}

static int policy_hosts_show(struct policy *policy, int fd)
{
	struct policy_settings *settings = policy_settings_edit(policy);
	struct policy_file *larger = reallocarray(settings->files, settings->file_count + 1, sizeof(*larger));
	struct policy_file file = { .kind = POLICY_FILE_MASK, .origin = { .file = "a host name" } };
	const char *error;
	size_t offset;

	if (!larger)
		return -ENOMEM;
	settings->files = larger;
	if (asprintf(&file.target, POLICY_FILE_HELD "%d", fd) < 0)
		return -ENOMEM;
	file.text = strdup(HOSTS_FILE);
	if (!file.text || pattern_new(HOSTS_FILE, &file.pattern, &offset, &error)) {
		policy_file_free(&file);
		return -ENOMEM;
	}
	larger[settings->file_count++] = file;
	return policy_seal(policy);
}

static int policy_hosts_pin(struct policy *policy, FILE *pinned)
{
	AUTO_CLOSE int fd = -1;
	int error = policy_hosts_copy(pinned);

	if (error == 0 && fflush(pinned))
		error = -EIO;
	if (error == 0)
		error = fd = errno_result(fcntl(fileno(pinned), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
	if (error >= 0)
		error = errno_result(fchmod(fd, 0444));
	if (error >= 0)
		error = errno_result(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
	if (error >= 0)
		error = policy_hosts_show(policy, fd);
	if (error >= 0)
		take_fd(&fd);
	return error < 0 ? error : 0;
}

int policy_hosts_resolve(struct policy *policy, FILE *errors)
{
	AUTO_FCLOSE FILE *pinned = NULL;
	struct address_pattern *pattern;
	const struct rule *rule;
	size_t index = 0;
	int error = 0;

	while ((pattern = policy_next_host(policy, &index, &rule)) != NULL) {
		int memory = pinned ? -1 : memfd_create("hosts", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		int result;

		if (!pinned)
			pinned = memory < 0 ? NULL : fdopen(memory, "w");
		if (!pinned)
			return -errno;
		/* Two categories of one rule share it. */
		result = pattern->network_count > 0 ? 0 : policy_hosts_look_up(pattern, rule, pinned, errors);
		if (result < 0)
			error = result;
	}
	if (error < 0 || !pinned)
		return error;
	/* Sealed again either way: the addresses are new. */
	return policy_mask(policy, HOSTS_FILE) ? policy_seal(policy) : policy_hosts_pin(policy, pinned);
}
