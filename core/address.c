/*
 * What an address means. A sockaddr is read by the domain of the socket, not by its own family:
 * a datagram socket of IPv4 takes family 0 for its own, one of IPv6 takes addresses of IPv4.
 */
#include "core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static sa_family_t address_family(const struct address_bytes *from)
{
	sa_family_t family;

	memcpy(&family, from->bytes, sizeof(family));
	return family;
}

static bool address_is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* An address of IPv4; the any-address becomes the loopback unless it is to be bound. */
static void address_set_ipv4(struct address *out, const uint8_t ip[4], enum address_use use)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	out->kind = ADDRESS_IPV4;
	out->any = address_is_zero(ip, 4);
	memcpy(out->ip, out->any && use != ADDRESS_BIND ? loopback : ip, 4);
}

static void address_set_ipv6(struct address *out, const uint8_t ip[16], enum address_use use)
{
	if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		address_set_ipv4(out, ip + sizeof(mapped_prefix), use);
		return;
	}
	out->kind = ADDRESS_IPV6;
	out->any = address_is_zero(ip, 16);
	memcpy(out->ip, ip, 16);
	if (out->any && use != ADDRESS_BIND)
		out->ip[15] = 1;
}

static void address_parse_ipv4(const struct address_bytes *from, enum address_use use, struct address *out)
{
	struct sockaddr_in in;

	if (from->length < sizeof(in))
		return;
	memcpy(&in, from->bytes, sizeof(in));
	out->port = ntohs(in.sin_port);
	address_set_ipv4(out, (const uint8_t *)&in.sin_addr, use);
}

static void address_parse_ipv6(const struct address_bytes *from, enum address_use use, struct address *out)
{
	struct sockaddr_in6 in6 = { 0 };

	if (from->length < ADDRESS_IPV6_LENGTH_MIN)
		return;
	memcpy(&in6, from->bytes, from->length < sizeof(in6) ? from->length : sizeof(in6));
	out->port = ntohs(in6.sin6_port);
	address_set_ipv6(out, (const uint8_t *)&in6.sin6_addr, use);
}

/* Families that a domain does not take are errors of the kernel's, without any effect. */
static void address_parse_inet(
	int domain, int type, enum address_use use, const struct address_bytes *from, struct address *out)
{
	sa_family_t family = address_family(from);
	bool is_ipv4 = family == AF_INET && (domain == AF_INET || use != ADDRESS_BIND);
	bool is_ipv6 = family == AF_INET6 || (family == AF_UNSPEC && type == SOCK_RAW);

	if (is_ipv4 || (domain == AF_INET && family == AF_UNSPEC))
		address_parse_ipv4(from, use, out);
	else if (domain == AF_INET6 && is_ipv6)
		address_parse_ipv6(from, use, out);
}

static void address_parse_unix(const struct address_bytes *from, enum address_use use, struct address *out)
{
	size_t length = from->length - PATH_OFFSET;
	const char *path = (const char *)from->bytes + PATH_OFFSET;
	/* The kernel tells a full path with a NUL behind it, but takes none. */
	size_t most = sizeof(struct sockaddr_un) + (use == ADDRESS_PEER);

	if (from->length > most || address_family(from) != AF_UNIX)
		return;
	if (from->length <= PATH_OFFSET) {
		/* A peer without a name has just a family; bound so, the kernel chooses a name. */
		if (use == ADDRESS_PEER || (use == ADDRESS_BIND && from->length == PATH_OFFSET))
			out->kind = ADDRESS_UNNAMED;
		return;
	}
	if (path[0] != '\0') {
		out->kind = ADDRESS_PATH;
		snprintf(out->name, sizeof(out->name), "%.*s", (int)length, path);
		return;
	}
	out->kind = ADDRESS_ABSTRACT;
	/* NULs behind the name are no part of its text, those inside show as in /proc/net/unix. */
	while (length > 1 && path[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++)
		out->name[i] = path[i] ? path[i] : '@';
	out->name[length] = '\0';
}

void address_parse(int domain, int type, enum address_use use, const struct address_bytes *from, struct address *out)
{
	memset(out, 0, sizeof(*out));
	if (from->length < sizeof(sa_family_t)) {
		/* accept() and recvfrom() tell nothing of a peer that has no name. */
		if (use == ADDRESS_PEER && domain == AF_UNIX)
			out->kind = ADDRESS_UNNAMED;
		return;
	}
	if (use == ADDRESS_CONNECT && address_family(from) == AF_UNSPEC) {
		if (domain != AF_UNIX || type == SOCK_DGRAM)
			out->kind = ADDRESS_DISSOLVE;
		return;
	}
	if (domain == AF_UNIX)
		address_parse_unix(from, use, out);
	else if (domain == AF_INET || domain == AF_INET6)
		address_parse_inet(domain, type, use, from, out);
}

void address_say_loopback(struct address_bytes *bytes, const struct address *address)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	if (!address->any)
		return;
	if (address_family(bytes) != AF_INET6)
		memcpy(bytes->bytes + offsetof(struct sockaddr_in, sin_addr), loopback, sizeof(loopback));
	else if (address->kind == ADDRESS_IPV4)
		memcpy(bytes->bytes + offsetof(struct sockaddr_in6, sin6_addr) + 12, loopback, sizeof(loopback));
	else
		bytes->bytes[offsetof(struct sockaddr_in6, sin6_addr) + 15] = 1;
}

void address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	char ip[INET6_ADDRSTRLEN] = "";

	switch (address->kind) {
	case ADDRESS_IPV4:
	case ADDRESS_IPV6:
		inet_ntop(address->kind == ADDRESS_IPV4 ? AF_INET : AF_INET6, address->ip, ip, sizeof(ip));
		snprintf(text, ADDRESS_TEXT_SIZE, "%s!%u", ip, address->port);
		break;
	case ADDRESS_PATH:
	case ADDRESS_ABSTRACT:
		snprintf(text, ADDRESS_TEXT_SIZE, "%s", address->name);
		break;
	case ADDRESS_NONE:
	case ADDRESS_DISSOLVE:
	case ADDRESS_UNNAMED:
		snprintf(text, ADDRESS_TEXT_SIZE, "!unnamed");
		break;
	}
}
