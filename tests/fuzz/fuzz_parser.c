/*
 * The policy parser: whatever is read, there is a policy or there are errors; and a policy that is
 * printed is read again as the same, and decides the same on addresses. Its first line may be a variable's value.
 */
#include <string.h>

#include "core/policy_load.h"
#include "core/policy_net.h"
#include "core/policy_print.h"
#include "core/util.h"
#include "tests/fuzz/fuzz.h"

static const char *fuzz_lookup(void *context, const char *name)
{
	return str_equal(name, "VAR") ? context : NULL;
}

static char *fuzz_print(const struct policy *policy)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		abort();
	policy_print_text(policy, stream);
	fclose(stream);
	return text;
}

/* NULL when there are errors, of which each is a line of text. */
static struct policy *fuzz_load(const char *text, size_t length, const char *variable)
{
	struct policy_loader *loader = policy_loader_new(fuzz_lookup, (void *)variable);
	struct policy_place place = { .file = "fuzz", .directory = "/nonexistent" };
	struct policy *policy;
	char *errors = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&errors, &size);

	if (!loader || !stream)
		abort();
	policy_load_text(loader, text, length, &place);
	policy = policy_loader_finish(loader, stream);
	fclose(stream);
	FUZZ_PROMISE((policy == NULL) == (size > 0), "a policy and errors, or neither\n");
	for (size_t i = 0; i < size; i++)
		FUZZ_PROMISE(
			errors[i] == '\n' || (unsigned char)errors[i] >= 0x20, "control character in:\n%s", errors);
	free(errors);
	policy_loader_free(loader);
	return policy;
}

static void fuzz_decide_again(const struct policy *policy, const struct policy *again, const char *text)
{
	static const struct address addresses[] = {
		{ .kind = ADDRESS_IPV4, .port = 443, .ip = { 10, 1, 2, 3 } },
		{ .kind = ADDRESS_IPV6, .port = 80, .ip = { [15] = 1 }, .any = true },
		{ .kind = ADDRESS_ABSTRACT, .name = "@name" },
		{ .kind = ADDRESS_UNNAMED },
	};

	for (unsigned i = CAT_NET_BIND; i <= CAT_NET_SENDFD; i++)
		for (size_t j = 0; j < ARRAY_SIZE(addresses); j++)
			FUZZ_PROMISE(policy_decide_address(policy, (enum category)i, &addresses[j]).action ==
					     policy_decide_address(again, (enum category)i, &addresses[j]).action,
				"%s, address %zu:\n%s", category_name((enum category)i), j, text);
	for (unsigned family = 0; family < POLICY_LINK_FAMILIES; family++)
		FUZZ_PROMISE(policy_decide_link(policy, family).action == policy_decide_link(again, family).action,
			"net/link %u:\n%s", family, text);
}

static void fuzz_print_again(const struct policy *policy)
{
	char *text = fuzz_print(policy);
	struct policy *again = fuzz_load(text, strlen(text), NULL);
	char *same = again ? fuzz_print(again) : NULL;

	FUZZ_PROMISE(same, "not read again:\n%s", text);
	FUZZ_PROMISE(str_equal(text, same), "printed:\n%s\nand then:\n%s", text, same);
	fuzz_decide_again(policy, again, text);
	policy_free(again);
	free(text);
	free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	char *rest = text;
	const char *variable = fuzz_line(&rest);
	size_t length = rest ? size - (size_t)(rest - text) : 0;
	struct policy *policy = fuzz_load(rest ? rest : "", length, variable);

	if (policy)
		fuzz_print_again(policy);
	policy_free(policy);
	free(text);
	return 0;
}
