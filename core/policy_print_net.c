/*
 * Prints what block+ names: ranges, as the networks that they are made of.
 */
#include <arpa/inet.h>
#include <string.h>

#include "core/netset.h"
#include "core/policy_print.h"

/* The largest network that begins at first and does not reach beyond last; first becomes what is behind it. */
static unsigned policy_network_prefix(uint8_t *first, const uint8_t *last, unsigned bits)
{
	unsigned prefix = bits;
	uint8_t end[16];

	memcpy(end, first, bits / 8);
	while (prefix > 0) {
		unsigned bit = prefix - 1;

		if (first[bit / 8] & (0x80U >> bit % 8))
			break;
		end[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
		if (memcmp(end, last, bits / 8) > 0) {
			end[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
			break;
		}
		prefix--;
	}
	memcpy(first, end, bits / 8);
	for (unsigned i = bits / 8; i-- > 0;)
		if (++first[i])
			break;
	return prefix;
}

static void policy_print_range(void *context, bool is_ipv6, const uint8_t *first, const uint8_t *last)
{
	struct policy_network_print *print = context;
	unsigned bits = is_ipv6 ? 128 : 32;
	uint8_t at[16];
	char text[INET6_ADDRSTRLEN];
	bool done = false;

	memcpy(at, first, bits / 8);
	while (!done) {
		uint8_t network[16];
		unsigned prefix;

		memcpy(network, at, bits / 8);
		prefix = policy_network_prefix(at, last, bits);
		inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, network, text, sizeof(text));
		fprintf(print->stream, "%s%s%s/%u%s", print->separator, print->before, text, prefix, print->after);
		print->separator = print->next;
		/* Behind the last of all addresses comes the first. */
		done = memcmp(at, last, bits / 8) > 0 || memcmp(at, network, bits / 8) <= 0;
	}
}

void policy_print_networks(const struct netset *set, struct policy_network_print *print)
{
	netset_visit(set, policy_print_range, print);
}

void policy_print_blocked(const struct policy_settings *settings, FILE *stream)
{
	policy_print_networks(&settings->blocked, &(struct policy_network_print){ stream, "block+", "\n", "", "" });
}

void policy_print_blocked_json(const struct policy_settings *settings, FILE *stream)
{
	fputs(",\"blocked\":[", stream);
	policy_print_networks(&settings->blocked, &(struct policy_network_print){ stream, "\"", "\"", "", "," });
	fputs("]", stream);
}
