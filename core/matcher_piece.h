/*
 * Taking a name apart: a component, its length and its hash in one pass, eight bytes at a time.
 * For core/matcher*.c only.
 */
#ifndef KENNEL_CORE_MATCHER_PIECE_H
#define KENNEL_CORE_MATCHER_PIECE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A component of a name. */
struct matcher_piece {
	const char *text;
	size_t length;
	uint64_t first; /* its first eight bytes, or all of it and zeros */
	uint32_t hash;
};

/* Up to eight bytes of name[at..length), and zeros; no byte behind them is read. */
static inline uint64_t matcher_load(const char *name, size_t length, size_t at)
{
	uint64_t word = 0;

	if (length - at >= 8) {
		memcpy(&word, name + at, 8);
		return le64toh(word);
	}
	if (length >= 8 && at < length) {
		memcpy(&word, name + length - 8, 8);
		return le64toh(word) >> (8 * (8 - (length - at)));
	}
	for (size_t i = length; i-- > at;)
		word = word << 8 | (unsigned char)name[i];
	return word;
}

/* Where the first slash is among the eight bytes; 8: there is none. */
static inline size_t matcher_slash(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t other = word ^ ones * '/';
	uint64_t found = (other - ones) & ~other & ones << 7;

	return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

/* The component of name[0..length) that starts at at, to the next slash or the end. */
static inline struct matcher_piece matcher_piece(const char *name, size_t length, size_t at)
{
	struct matcher_piece piece = { .text = name + at };
	uint64_t hash = 0;
	size_t taken;

	do {
		uint64_t word = matcher_load(name, length, at);

		taken = matcher_slash(word);
		if (taken < 8)
			word &= (UINT64_C(1) << 8 * taken) - 1;
		if (taken > length - at)
			taken = length - at;
		if (piece.length == 0)
			piece.first = word;
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
		piece.length += taken;
		at += taken;
	} while (taken == 8);
	piece.hash = (uint32_t)hash;
	return piece;
}

#endif
