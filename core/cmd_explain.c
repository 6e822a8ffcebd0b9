/*
 * kennel explain. Runs nothing, changes nothing; looks the name up unless told not to, because rules
 * are about canonical names.
 */
#include "core/cmd_explain.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/command_words.h"
#include "core/explain.h"
#include "core/explain_net.h"
#include "core/filesystem.h"
#include "core/ioctl_names.h"
#include "core/json_print.h"
#include "core/policy_environment.h"
#include "core/policy_hosts.h"
#include "core/policy_net.h"
#include "core/policy_options.h"
#include "core/policy_path.h"
#include "core/policy_words.h"
#include "core/util.h"

#define EXPLAIN_EXIT_ERROR 125
#define REQUESTS_MAX 1024

/* Calls of these act on the last name itself, not on what a symlink there leads to. */
#define NAME_ITSELF \
	(CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_RENAME) | CAT_BIT(CAT_SYMLINK) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_RMDIR) | \
		CAT_BIT(CAT_MKBDEV) | CAT_BIT(CAT_MKCDEV) | CAT_BIT(CAT_MKFIFO))

struct explain_options {
	bool help;
	bool json;
	bool literal;
	const char *categories;
	const char *name;
};

static int cmd_explain_help(void)
{
	printf("usage: kennel explain [POLICY OPTION]... [POLICY] CATEGORY[,CATEGORY]... NAME\n"
	       "\n"
	       "Says whether a policy allows NAME in a category (or each of a set), which rule\n"
	       "decides and where it was written, what would decide without it, and the command\n"
	       "that, put behind all others, would turn the answer round. POLICY is a file\n"
	       "(.kennel or .syd-3) or the name of a profile. NAME is a path; the type of a\n"
	       "filesystem for fs; a request or a device for ioctl; ADDRESS!PORT, @NAME or\n"
	       "!unnamed for sockets; a family for net/link. Exit status: 0 allowed, 1 refused,\n"
	       "125 an error.\n"
	       "\n"
	       "%s"
	       "  --literal       judge NAME as it is written: look no symlinks up\n"
	       "  --json          print the answer as JSON\n"
	       "  --help          this text\n",
		policy_options_help);
	return fflush(stdout) == 0 ? 0 : EXPLAIN_EXIT_ERROR;
}

static int cmd_explain_error(const char *word, const char *what)
{
	fprintf(stderr, "kennel explain: %s%s%s\n", word, *word ? ": " : "", what);
	return EXPLAIN_EXIT_ERROR;
}

static void cmd_explain_word(struct policy_loader *loader, struct explain_options *options, const char *word)
{
	if (!options->categories && command_word_policy(loader, word))
		return;
	if (!options->categories)
		options->categories = word;
	else if (!options->name)
		options->name = word;
	else
		policy_load_error(loader, "explain", "unexpected argument '%s', expected one NAME", word);
}

static void cmd_explain_arguments(struct policy_loader *loader, int argc, char **argv, struct explain_options *options)
{
	static const char *const own[] = { "--literal", "--json", "--help", NULL };
	bool only_words = false;
	int index = 1;

	while (index < argc) {
		if (!only_words && policy_options_take(loader, argc, argv, &index))
			continue;
		if (only_words || argv[index][0] != '-')
			cmd_explain_word(loader, options, argv[index]);
		else if (str_equal(argv[index], "--"))
			only_words = true;
		else if (str_equal(argv[index], "--literal"))
			options->literal = true;
		else if (str_equal(argv[index], "--json"))
			options->json = true;
		else if (str_equal(argv[index], "--help") || str_equal(argv[index], "-h"))
			options->help = true;
		else
			command_word_unknown(loader, "explain", argv[index], own);
		index++;
	}
}

/* Symlinks above the last name followed, and the last name as it is. */
static int cmd_explain_parent(const char *absolute, char name[PATH_MAX])
{
	const char *slash = strrchr(absolute, '/');
	char parent[PATH_MAX];
	int error;

	if (str_equal(slash, "/") || str_equal(slash, "/.") || str_equal(slash, "/.."))
		return policy_path_canonical(absolute, name);
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - absolute + 1), absolute);
	error = policy_path_canonical(parent, name);
	return error ? error : policy_path_append(name, slash);
}

/* The path as rules of this category know it; 0 or -errno. */
static int cmd_explain_path(const struct explain_options *options, enum category category, char name[PATH_MAX])
{
	char absolute[PATH_MAX];
	int error = policy_path_absolute(options->name, absolute);

	if (error)
		return error;
	snprintf(name, PATH_MAX, "/");
	if (options->literal || category == CAT_WALK)
		return policy_path_append(name, absolute);
	if (CAT_BIT(category) & NAME_ITSELF)
		return cmd_explain_parent(absolute, name);
	return policy_path_canonical(absolute, name);
}

/* fs: a path stands for the type of the filesystem that it is on. */
static int cmd_explain_filesystem(const struct explain_options *options, char name[PATH_MAX])
{
	AUTO_CLOSE int fd = -1;

	if (options->name[0] != '/') {
		snprintf(name, PATH_MAX, "%s", options->name);
		return 0;
	}
	fd = errno_result(open(options->name, O_PATH | O_CLOEXEC));
	return fd < 0 ? fd : filesystem_name(fd, name);
}

static bool cmd_explain_request(const char *word, struct explain_question *question)
{
	size_t count;
	const struct ioctl_name *names = ioctl_names(&count);

	question->is_request = true;
	if (policy_word_request(word, &question->request))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(names[i].name, word))
			continue;
		question->request = names[i].request;
		return true;
	}
	return false;
}

/* 0, or -errno: -EINVAL for a word that is no request, or no address: *expected_out. */
static int cmd_explain_name(const struct explain_options *options, struct explain_question *question,
	struct address *address, char name[PATH_MAX], const char **expected_out)
{
	bool device = options->name[0] == '/' || options->name[0] == '.';

	question->is_request = false;
	question->name = name;
	if (CAT_BIT(question->category) & POLICY_NET_BITS && !(device && question->category != CAT_NET_LINK)) {
		*expected_out = explain_net_question(options->name, question, address, name);
		return *expected_out ? -EINVAL : 0;
	}
	*expected_out = "expected an ioctl request such as TCGETS, a number or a path";
	if (question->category == CAT_FS)
		return cmd_explain_filesystem(options, name);
	if (options->name[0] != '!' && (question->category != CAT_IOCTL || device))
		return cmd_explain_path(options, question->category, name);
	if (strlen(options->name) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(name, PATH_MAX, "%s", options->name);
	return question->category != CAT_IOCTL || cmd_explain_request(name, question) ? 0 : -EINVAL;
}

/* 0, 1, or 125 after an error. */
static int cmd_explain_one(
	const struct policy *policy, const struct explain_options *options, enum category category, bool *first)
{
	struct explain_question question = { .category = category };
	struct explain_answer answer;
	struct address address;
	const char *expected;
	char name[PATH_MAX];
	int error = cmd_explain_name(options, &question, &address, name, &expected);

	if (error)
		return cmd_explain_error(options->name, error == -EINVAL ? expected : strerror(-error));
	explain(policy, &question, &answer);
	if (options->json) {
		fputs(*first ? "" : ",", stdout);
		explain_print_json(policy, &question, &answer, stdout);
	} else {
		explain_print_text(policy, &question, options->name, &answer, stdout);
	}
	*first = false;
	return answer.error != 0;
}

static int cmd_explain_all(const struct policy *policy, const struct explain_options *options, uint64_t categories)
{
	bool first = true;
	int status = 0;

	if (options->json) {
		fputc('{', stdout);
		json_print_member("name", options->name, stdout);
		fputs(",\"answers\":[", stdout);
	}
	for (unsigned i = 0; i < CAT_COUNT && status != EXPLAIN_EXIT_ERROR; i++) {
		int one = 0;

		if (categories & CAT_BIT(i))
			one = cmd_explain_one(policy, options, (enum category)i, &first);
		status = one > status ? one : status;
	}
	if (options->json)
		fputs("]}\n", stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return cmd_explain_error("", "cannot write to the standard output");
	return status;
}

static int cmd_explain_policy(struct policy *policy, const struct explain_options *options, uint64_t categories)
{
	int error;

	if (!options->categories || !options->name)
		return cmd_explain_error("", "expected a category and a name (see kennel explain --help)");
	if (policy_is_empty(policy))
		return cmd_explain_error("", "expected a policy: a file, or an option such as -p");
	categories = explain_net_categories(options->name, categories);
	/* As when something is run: what a rule with a name means is known then only. */
	error = categories & POLICY_INET_BITS ? policy_hosts_resolve(policy, stderr) : 0;
	if (error)
		return error == -ENOENT ? EXPLAIN_EXIT_ERROR : cmd_explain_error("", strerror(-error));
	return cmd_explain_all(policy, options, categories);
}

int cmd_explain(int argc, char **argv)
{
	struct policy_environment environment;
	struct explain_options options = { .help = false };
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	struct policy *policy;
	uint64_t categories;
	int status;

	policy_environment_init(&environment, NULL);
	loader = policy_loader_new(policy_environment_lookup, &environment);
	if (!loader)
		return cmd_explain_error("", "out of memory");
	cmd_explain_arguments(loader, argc, argv, &options);
	if (options.help)
		return cmd_explain_help();
	categories = options.categories ? policy_load_categories(loader, "explain", options.categories) : 0;
	policy = policy_loader_finish(loader, stderr);
	if (!policy)
		return EXPLAIN_EXIT_ERROR;
	status = cmd_explain_policy(policy, &options, categories);
	policy_free(policy);
	return status;
}
