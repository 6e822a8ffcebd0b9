/*
 * The environment of the payload: which names are dropped, and what the commands of a policy make of it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/environment.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(environment, .timeout = 60);

static char *const caller[] = { "PATH=/bin", "A_TOKEN=t", "LD_PRELOAD=/x.so", "LC_ALL=C", "B_KEY=", "ODD", NULL };

/* The payload's variables, a blank after each. */
static void environment_expect(const char *const *commands, const char *expected)
{
	struct policy *policy = fixture_policy(commands);
	struct environment environment;
	char found[512] = "";

	cr_assert_eq(environment_build(policy, caller, &environment), 0);
	for (size_t i = 0; i < environment.count; i++) {
		strcat(found, environment.variables[i]);
		strcat(found, " ");
	}
	cr_expect_null(environment.variables[environment.count]);
	cr_expect_str_eq(found, expected);
	environment_release(&environment);
	policy_free(policy);
}

#define EXPECT(expected, ...) environment_expect((const char *const[]){ __VA_ARGS__, NULL }, expected)

Test(environment, loader_and_secret_names_are_dropped)
{
	EXPECT("PATH=/bin LC_ALL=C ODD ", "sandbox/all:off");
}

Test(environment, the_commands_count_in_their_order)
{
	EXPECT("PATH=/bin LC_ALL=C ODD A_TOKEN=t ", "passenv+A_*");
	EXPECT("PATH=/bin LC_ALL=C ODD A_TOKEN=t B_KEY= ", "passenv+{A_TOKEN,B_KEY}");
	EXPECT("LC_ALL=C ODD PATH=/usr/bin ", "setenv!PATH=/usr/bin");
	EXPECT("", "setenv!X=1", "passenv+**", "clearenv!");
	EXPECT("PATH=/bin X=a=b c ", "clearenv!", "passenv+PATH", "setenv!X=a=b c");
	EXPECT("PATH=/bin ODD X= ", "setenv!X=", "unsetenv!LC_ALL");
	EXPECT("PATH=/bin LC_ALL=C ODD ", "passenv+A_*", "unsetenv!A_TOKEN");
	EXPECT("PATH=/bin LC_ALL=C ODD ", "setenv!A_TOKEN=1", "unsetenv!A_TOKEN");
}

Test(environment, what_the_policy_sets_is_not_dropped)
{
	EXPECT("PATH=/bin LC_ALL=C ODD LD_PRELOAD=/y.so ", "setenv!LD_PRELOAD=/y.so");
}

Test(environment, passenv_is_a_list)
{
	EXPECT("PATH=/bin LC_ALL=C ODD ", "passenv+A_*", "passenv-A_*");
	EXPECT("PATH=/bin LC_ALL=C ODD A_TOKEN=t ", "passenv+A_*", "passenv+A_*", "passenv-A_*");
	EXPECT("PATH=/bin LC_ALL=C ODD ", "passenv+A_*", "passenv+A_*", "passenv^A_*");
	EXPECT("PATH=/bin LC_ALL=C ODD A_TOKEN=t ", "passenv+A_*", "passenv-A_TOKEN");
}

Test(environment, everything_can_be_given_back)
{
	EXPECT("PATH=/bin A_TOKEN=t LD_PRELOAD=/x.so LC_ALL=C B_KEY= ODD ", "allow_unsafe/env:on");
	EXPECT("PATH=/bin A_TOKEN=t LD_PRELOAD=/x.so LC_ALL=C B_KEY= ODD ", "trace/allow_unsafe_env:on");
}

Test(environment, names_are_judged_as_documented)
{
	static const char *const unsafe[] = { "LD_PRELOAD", "LD_AUDIT", "GCONV_PATH", "GLIBC_TUNABLES", "MALLOC_TRACE_",
		"LOCPATH", "NLSPATH", "RESOLV_HOST_CONF", "TZDIR", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY",
		"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "CI_JOB_TOKEN_FILE", "PGPASSWORD", "MYSQL_PWD", "SSHPASS",
		"OPENAI_API_KEY", "openai_apikey", "npm_config_//registry.example/:_authToken", "RSA_KEYS",
		"GOOGLE_APPLICATION_CREDENTIALS", "GPG_PASSPHRASE", "DB_PASS", "GH_PAT", "SENTRY_DSN", "KEY",
		"NPM_CONFIG__AUTH", "DATABASE_URL", "client_secret", "SLACK_WEBHOOK_URL" };
	static const char *const safe[] = { "PATH", "HOME", "PWD", "OLDPWD", "TMPDIR", "LC_ALL", "TZ", "TERM",
		"LDFLAGS", "KEYMAP", "KEYTIMEOUT", "XAUTHORITY", "SSH_AUTH_SOCK", "GITHUB_WORKSPACE", "AWS_REGION",
		"MONKEY", "TOKENIZERS_PARALLELISM", "PYTHONPATH", "NODE_OPTIONS", "ld_preload", "malloc_check",
		"COMPASS", "" };

	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		cr_expect_not_null(environment_unsafe(unsafe[i]), "%s", unsafe[i]);
	for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
		cr_expect_null(environment_unsafe(safe[i]), "%s", safe[i]);
}

Test(environment, what_changes_is_told_without_values)
{
	struct policy *policy = fixture_policy(
		(const char *const[]){ "passenv+A_*", "unsetenv!PATH", "setenv!X=hush", "setenv!LC_ALL=C", NULL });
	char *told = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&told, &size);

	cr_assert_eq(environment_explain(policy, caller, stream), 0);
	fclose(stream);
	cr_expect_str_eq(told, "dropped\tPATH\tby the policy\n"
			       "dropped\tLD_PRELOAD\tsteers the loader or the C library\n"
			       "dropped\tB_KEY\tis a secret by its name\n"
			       "passed\tA_TOKEN\tis a secret by its name\n"
			       "set\tX\n");
	free(told);
	policy_free(policy);
}

Test(environment, a_printed_policy_gives_the_same_environment)
{
	struct policy *policy = fixture_policy((const char *const[]){ "clearenv!", "passenv+{A,B}_*",
		"setenv!X= a \\#b\\x0a", "unsetenv!A_TOKEN", "allow_unsafe/env:on", NULL });
	struct policy_loader *loader = fixture_loader();
	char *first = fixture_print(policy);
	struct policy *again;
	char *second;

	for (char *line = strtok(strdup(first), "\n"); line; line = strtok(NULL, "\n"))
		policy_load_command(loader, line);
	again = policy_loader_finish(loader, stderr);
	cr_assert_not_null(again);
	second = fixture_print(again);
	cr_expect_str_eq(first, second);
	cr_expect(strstr(first, "clearenv!\npassenv+{A,B}_*\nsetenv!X= a \\#b\\x0a\nunsetenv!A_TOKEN\n"), "%s", first);
	free(first);
	free(second);
	policy_free(again);
	policy_free(policy);
	policy_loader_free(loader);
}
