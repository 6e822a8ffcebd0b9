/*
 * Prints the rows that hold, as the filter has them: by what they are for, in the order of the table.
 */
#include "core/cage_print.h"

#include <string.h>

#include "arch/arch.h"
#include "core/util.h"

static const char *const cage_users[CAGE_USER_COUNT] = {
	[CAGE_SUPERVISOR] = "The supervisor",
	[CAGE_LAUNCHER] = "The launcher",
	[CAGE_STEP] = "A worker",
	[CAGE_OPEN] = "A worker that opens",
};

static void cage_print_condition(const struct cage_condition *condition, char *buffer, size_t size)
{
	const char *const operands[] = {
		[CAGE_NULL] = "0",
		[CAGE_SELF] = "itself",
		[CAGE_LOG_FD] = "the log",
		[CAGE_LISTENER] = "the listener",
		[CAGE_COOKIE] = "the cookie",
	};

	if (condition->operand != CAGE_BITS)
		snprintf(buffer, size, "arg%u = %s", condition->arg, operands[condition->operand]);
	else if (condition->mask == UINT32_MAX)
		snprintf(buffer, size, "arg%u = %s", condition->arg, condition->text);
	else if (condition->value)
		snprintf(buffer, size, "arg%u has %s", condition->arg, condition->text);
	else
		snprintf(buffer, size, "arg%u lacks %s", condition->arg, condition->text);
}

static void cage_print_when(const struct cage_row *row, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < row->condition_count; i++) {
		char text[96];

		cage_print_condition(&row->conditions[i], text, sizeof(text));
		if (used < size)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", text);
	}
}

void cage_print(FILE *stream, enum cage_user user, unsigned needs)
{
	size_t count;
	const struct cage_row *rows = cage_rows(&count);

	fprintf(stream, "%s may make these calls of the native ABI; any other kills it:\n", cage_users[user]);
	for (size_t i = 0; i < count; i++) {
		char when[256];

		if (!cage_row_holds(&rows[i], user, needs) || abi_nr(abi_native(), rows[i].sysno) < 0)
			continue;
		cage_print_when(&rows[i], when, sizeof(when));
		fprintf(stream, "  %-18s %-8s %-52s %s\n", sysno_name(rows[i].sysno),
			rows[i].error ? "ENOSYS" : "allowed", when, cage_group_text(rows[i].group));
	}
}
