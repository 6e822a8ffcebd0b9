/* Names of UNIX sockets as they were written, behind numbers; bound for real where that matters. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/bound.h"
#include "core/call.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static char name[BOUND_NAME_MAX + 1];

static void bound_teardown(void)
{
	bound_free(supervisor.bound_names);
}

TestSuite(bound, .fini = bound_teardown, .timeout = 60);

/* As a bind that works. */
static const char *bound_as(const char *written, const char *base)
{
	cr_assert_eq(bound_begin(&call, written, base, name), strlen(name));
	bound_keep(&call, written, name);
	return name;
}

Test(bound, one_component_is_bound_as_it_is)
{
	cr_expect_str_eq(bound_as("sock", "sock"), "sock");
	cr_expect_str_eq(bound_written(&call, "sock"), "sock");
	cr_expect_null(supervisor.bound_names, "nothing is kept of it");
}

Test(bound, a_path_is_told_by_the_name_that_was_bound)
{
	char first[sizeof(name)];

	strcpy(first, bound_as("/run/sock", "sock"));
	cr_expect_str_neq(bound_as("./sock", "sock"), first);
	cr_expect_str_eq(bound_written(&call, name), "./sock");
	cr_expect_str_eq(bound_written(&call, first), "/run/sock");
}

Test(bound, the_name_leads_to_the_base_in_the_directory)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/bound.XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	for (int i = 0; i < 30; i++) {
		bound_as("/run/sock", "sock");
	}
	strcpy(un.sun_path, bound_as("/run/sock", "sock"));
	cr_expect_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	cr_expect_eq(unlink("sock"), 0);
	cr_expect_eq(rmdir(dir), 0);
}

Test(bound, a_bind_that_failed_takes_no_number)
{
	char first[sizeof(name)];

	bound_begin(&call, "/a/x", "x", first);
	cr_expect_str_eq(bound_as("/b/x", "x"), first);
	cr_expect_str_eq(bound_written(&call, first), "/b/x");
}

Test(bound, what_is_forgotten_is_told_by_its_last_component)
{
	char first[sizeof(name)], last[sizeof(name)];

	strcpy(first, bound_as("/first/s", "s"));
	for (int i = 0; i < 1023; i++)
		bound_as("/other/s", "s");
	cr_expect_str_eq(bound_written(&call, first), "/first/s");
	strcpy(last, bound_as("/last/s", "s"));
	cr_expect_str_eq(bound_written(&call, first), "s");
	cr_expect_str_eq(bound_written(&call, last), "/last/s");
}

Test(bound, strings_that_are_no_number_mean_themselves)
{
	static const char *const rows[] = { "", "sock", "/sock", "./sock", "././././././././././",
		"././././././././././a/b", "./././././/////././././x", "../././././././././x" };

	bound_as("/run/sock", "sock");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_str_eq(bound_written(&call, rows[i]), rows[i]);
	cr_expect_str_eq(
		bound_written(&call, "././././././././././other"), "other", "not what was bound by this number");
	cr_expect_str_eq(bound_written(&call, ".////.////.////.////.////.////.////.////.////.////x"), "x");
}

Test(bound, a_name_without_room_for_a_number_is_bound_as_it_is)
{
	char base[BOUND_NAME_MAX + 2], written[BOUND_NAME_MAX + 4];

	memset(base, 'b', sizeof(base));
	base[BOUND_NAME_MAX] = '\0';
	cr_expect_str_eq(bound_as("x/b", base), base);
	base[BOUND_NAME_MAX] = 'b';
	base[BOUND_NAME_MAX + 1] = '\0';
	cr_expect_eq(bound_begin(&call, "x/b", base, name), 0);
	base[58] = '\0';
	snprintf(written, sizeof(written), "x/%s", base);
	cr_expect_str_neq(bound_as(written, base), base);
	cr_expect_str_eq(bound_written(&call, name), written);
}

Test(bound, a_worker_keeps_nothing)
{
	supervisor.remote_fd = 5;
	cr_expect_str_eq(bound_as("/run/sock", "sock"), "sock");
	supervisor.remote_fd = 0;
}

static socklen_t bound_bytes(struct address_bytes *bytes, const char *path, size_t length)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(bytes, 0, sizeof(*bytes));
	memcpy(un.sun_path, path, length);
	memcpy(bytes->bytes, &un, sizeof(un));
	bytes->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return bytes->length;
}

Test(bound, addresses_are_told_with_their_whole_length)
{
	struct address_bytes bytes;
	socklen_t length;

	bound_as("/run/sock", "sock");
	bound_bytes(&bytes, name, strlen(name) + 1);
	bound_tell(&call, &bytes);
	cr_expect_eq(bytes.length, offsetof(struct sockaddr_un, sun_path) + sizeof("/run/sock"));
	cr_expect_str_eq((char *)bytes.bytes + offsetof(struct sockaddr_un, sun_path), "/run/sock");
	length = bound_bytes(&bytes, "\0abstract", 9);
	bound_tell(&call, &bytes);
	cr_expect_eq(bytes.length, length);
	length = bound_bytes(&bytes, "", 0);
	bound_tell(&call, &bytes);
	cr_expect_eq(bytes.length, length);
	bytes.length = 0;
	bound_tell(&call, &bytes);
	cr_expect_eq(bytes.length, 0);
}
