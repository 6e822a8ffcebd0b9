/*
 * Words of kennel explain that are about sockets. An address is judged as what it reaches, as for a call.
 */
#include "core/explain_net.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/address_pattern.h"
#include "core/policy_net.h"
#include "core/util.h"

static bool explain_net_is_path(const char *word)
{
	return word[0] == '/' || word[0] == '.';
}

static bool explain_net_is_name(const char *word)
{
	return word[0] == '@' || str_equal(word, "!unnamed");
}

/* The number of a family of netlink; below 0: it has no such name. */
static int explain_net_family(const char *word)
{
	for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++)
		if (policy_link_name(i) && str_equal(policy_link_name(i), word))
			return (int)i;
	return -1;
}

uint64_t explain_net_categories(const char *word, uint64_t categories)
{
	if (!(categories & (categories - 1)))
		return categories;
	if (explain_net_is_path(word) || explain_net_is_name(word))
		return categories & ~CAT_BIT(CAT_NET_LINK);
	if (categories & ~POLICY_NET_BITS)
		return categories & ~POLICY_NET_BITS;
	return categories & (explain_net_family(word) < 0 ? POLICY_INET_BITS : CAT_BIT(CAT_NET_LINK));
}

/* One address and one port, through the same bytes as a call has them. */
static bool explain_net_inet(const char *word, enum address_use use, struct address *address)
{
	struct address_pattern *pattern = NULL;
	const struct network *network;
	struct address_bytes bytes = { .length = 0 };
	const char *error;
	size_t offset;
	bool single = address_pattern_new(word, &pattern, &offset, &error) == 0 && !pattern->host &&
		      pattern->network_count == 1 && pattern->port_low == pattern->port_high;

	network = single ? pattern->networks : NULL;
	if (single && network->is_ipv6 && network->prefix == 128) {
		struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(pattern->port_low) };

		memcpy(&name.sin6_addr, network->ip, sizeof(name.sin6_addr));
		memcpy(bytes.bytes, &name, bytes.length = sizeof(name));
	} else if (single && !network->is_ipv6 && network->prefix == 32) {
		struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(pattern->port_low) };

		memcpy(&name.sin_addr, network->ip, sizeof(name.sin_addr));
		memcpy(bytes.bytes, &name, bytes.length = sizeof(name));
	}
	if (bytes.length)
		address_parse(network->is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, use, &bytes, address);
	address_pattern_free(pattern);
	return bytes.length > 0;
}

static const char *explain_net_link(const char *word, struct explain_question *question, char *name)
{
	int family = explain_net_family(word);

	if (family < 0)
		return "expected a family of netlink such as route";
	question->is_family = true;
	question->family = (unsigned)family;
	snprintf(name, PATH_MAX, "%s", word);
	return NULL;
}

const char *explain_net_question(
	const char *word, struct explain_question *question, struct address *address, char *name)
{
	enum address_use use = question->category == CAT_NET_BIND ? ADDRESS_BIND : ADDRESS_CONNECT;
	char text[ADDRESS_TEXT_SIZE];

	if (question->category == CAT_NET_LINK)
		return explain_net_link(word, question, name);
	*address = (struct address){ .kind = word[0] == '@' ? ADDRESS_ABSTRACT : ADDRESS_UNNAMED };
	if (explain_net_is_name(word)) {
		if (strlen(word) >= sizeof(address->name))
			return "expected a name of at most 107 bytes behind '@'";
		snprintf(address->name, sizeof(address->name), "%s", word);
	} else if (!(CAT_BIT(question->category) & POLICY_INET_BITS)) {
		return "expected the name of a UNIX socket: a path, '@' and a name, or '!unnamed'";
	} else if (!explain_net_inet(word, use, address)) {
		return "expected ADDRESS!PORT, a path, '@' and a name, or '!unnamed'";
	}
	question->address = address;
	address_text(address, text);
	snprintf(name, PATH_MAX, "%s", text);
	return NULL;
}

struct decision explain_net_decide(const struct policy *policy, const struct explain_question *question)
{
	if (question->is_family)
		return policy_decide_link(policy, question->family);
	return policy_decide_address(policy, question->category, question->address);
}

bool explain_net_matches(const struct rule *rule, const struct explain_question *question)
{
	if (question->is_family)
		return policy_rule_has_link(rule, question->family);
	return policy_rule_has_address(rule, question->address);
}
