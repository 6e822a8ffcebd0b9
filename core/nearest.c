/*
 * Edit distance over short ASCII words: insertion, deletion, substitution, and the swap of
 * two neighbours count one each. Pure.
 */
#include "core/nearest.h"

#include "core/util.h"

#define NEAREST_WORD_MAX 32

static unsigned nearest_min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

struct nearest_table {
	unsigned row[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];
};

static unsigned nearest_cell(const struct nearest_table *table, const char *a, const char *b, size_t i, size_t j)
{
	unsigned cost = a[i - 1] != b[j - 1];
	unsigned best = nearest_min(table->row[i - 1][j], table->row[i][j - 1]) + 1;

	best = nearest_min(best, table->row[i - 1][j - 1] + cost);
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		best = nearest_min(best, table->row[i - 2][j - 2] + 1);
	return best;
}

static unsigned nearest_distance(const char *a, const char *b)
{
	struct nearest_table table;
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);

	if (a_length > NEAREST_WORD_MAX || b_length > NEAREST_WORD_MAX)
		return NEAREST_WORD_MAX;
	for (size_t i = 0; i <= a_length; i++)
		table.row[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_length; j++)
		table.row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++)
		for (size_t j = 1; j <= b_length; j++)
			table.row[i][j] = nearest_cell(&table, a, b, i, j);
	return table.row[a_length][b_length];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t length = strlen(word);
	/* A short word of which half must change was hardly meant. */
	unsigned limit = length < 4 ? 1 : length < 7 ? 2 : 3;
	unsigned best_distance = limit + 1;

	for (size_t i = 0; i < count; i++) {
		unsigned distance = nearest_distance(word, words[i]);

		if (distance < best_distance && distance < strlen(words[i])) {
			best = words[i];
			best_distance = distance;
		}
	}
	return best;
}
