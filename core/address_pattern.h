/*
 * Patterns of IP addresses in the rule language: ADDRESS/PREFIX!PORT, ADDRESS/PREFIX!LOW-HIGH, an alias
 * such as loopback!80, or a host name, whose addresses are filled in before anything is judged.
 */
#ifndef KENNEL_CORE_ADDRESS_PATTERN_H
#define KENNEL_CORE_ADDRESS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

/* Addresses of one family that begin with the same bits. */
struct network {
	bool is_ipv6;
	uint8_t prefix;
	uint8_t ip[16]; /* 4 bytes of it for IPv4; bits behind the prefix are zero */
};

struct address_pattern {
	uint16_t port_low;
	uint16_t port_high;
	char *host; /* NULL: no name; owned */
	struct network *networks;
	size_t network_count;
};

/* True for text that is to be such a pattern, and not a path, @abstract, !unnamed or a word with stars. */
bool address_pattern_is(const char *text);

/*
 * 0, -ENOMEM, or -EINVAL with what was expected (a static string) and where in the text. The
 * caller owns *pattern_out.
 */
int address_pattern_new(
	const char *text, struct address_pattern **pattern_out, size_t *offset_out, const char **error_out);
/* The same again, addresses of a host included; the caller's. NULL: no memory. */
struct address_pattern *address_pattern_copy(const struct address_pattern *pattern);
void address_pattern_free(struct address_pattern *pattern);

/* One more address for a host name. 0 or -ENOMEM. */
int address_pattern_add(struct address_pattern *pattern, const struct network *network);

bool address_pattern_match(const struct address_pattern *pattern, const struct address *address);

/* ADDRESS or ADDRESS/PREFIX, the whole of `length` bytes. 0 or -EINVAL. */
int network_parse(const char *text, size_t length, struct network *network_out);
bool network_holds(const struct network *network, const struct address *address);

/* The single address as a network. Only for ADDRESS_IPV4 and ADDRESS_IPV6. */
struct network network_of(const struct address *address);

#endif
