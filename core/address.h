/*
 * Socket addresses as rules judge them: taken from a sockaddr of any length exactly as Linux
 * takes it, and turned into what they reach. Pure: no system calls, no allocation.
 */
#ifndef KENNEL_CORE_ADDRESS_H
#define KENNEL_CORE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum address_kind {
	ADDRESS_NONE,     /* nothing to judge: no address, or one that the kernel refuses by itself */
	ADDRESS_DISSOLVE, /* AF_UNSPEC for connect: ends a connection */
	ADDRESS_IPV4,
	ADDRESS_IPV6,
	ADDRESS_PATH,     /* a UNIX socket's path, as it was written: to be resolved */
	ADDRESS_ABSTRACT, /* text begins with '@' */
	ADDRESS_UNNAMED,  /* a UNIX socket without a name; for bind: the kernel chooses one */
};

/* What is done with it: the kernel reads the same bytes differently. */
enum address_use { ADDRESS_BIND, ADDRESS_CONNECT, ADDRESS_SEND, ADDRESS_PEER };

#define ADDRESS_NAME_SIZE 110 /* '@' or a full sun_path, and NUL */
#define ADDRESS_TEXT_SIZE 112
#define ADDRESS_IPV6_LENGTH_MIN 24 /* SIN6_LEN_RFC2133: without the scope id */

struct address {
	enum address_kind kind;
	uint16_t port;
	bool any; /* the any-address: to connect to it reaches the loopback, to bind it everything */
	uint8_t ip[16];
	char name[ADDRESS_NAME_SIZE]; /* UNIX sockets */
};

static inline bool address_is_ip(const struct address *address)
{
	return address->kind == ADDRESS_IPV4 || address->kind == ADDRESS_IPV6;
}

#define ADDRESS_BYTES_MAX sizeof(struct sockaddr_storage)

/*
 * A copy of the target's sockaddr. One byte more than the kernel takes: a path that fills sun_path
 * has no NUL of its own.
 */
struct address_bytes {
	socklen_t length;
	_Alignas(8) unsigned char bytes[ADDRESS_BYTES_MAX + 1];
};

/* What a socket of this domain (AF_INET, AF_INET6, AF_UNIX; any other: nothing) and type makes of the bytes. */
void address_parse(int domain, int type, enum address_use use, const struct address_bytes *from, struct address *out);

/*
 * Where the any-address reaches the loopback, these bytes say so afterwards: what the kernel makes of it
 * depends on what the socket is bound to.
 */
void address_say_loopback(struct address_bytes *bytes, const struct address *address);

/* "127.0.0.1!80", "::1!80", "/path", "@abstract", "!unnamed": as rules and the log write it. */
void address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

#endif
