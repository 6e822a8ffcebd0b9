/* Categories, sets and actions: the tables agree with each other and with kennel(5). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "core/category.h"
#include "core/util.h"

Test(category, every_name_parses_to_its_own_bit, .timeout = 60)
{
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		const char *name = category_name((enum category)i);

		cr_assert(eq(u64, category_parse(name), CAT_BIT(i)), "%s", name);
		cr_assert_not(category_word_is_set(name));
	}
}

Test(category, every_action_parses_to_itself, .timeout = 60)
{
	for (int i = 0; i < ACTION_COUNT; i++)
		cr_assert(eq(int, action_parse(action_name((enum action)i)), i));
	cr_assert(eq(int, action_parse("alow"), -1));
	cr_assert(eq(int, action_parse(""), -1));
}

Test(category, unknown_words_are_nothing, .timeout = 60)
{
	cr_assert(eq(u64, category_parse("raed"), 0));
	cr_assert(eq(u64, category_parse(""), 0));
	cr_assert_not(category_word_is_set("raed"));
}

Test(category, sets_hold_what_the_language_says, .timeout = 60)
{
	cr_assert(eq(u64, category_parse("all"), CAT_ALL_BITS));
	cr_assert(eq(u64, category_parse("all-x"), CAT_ALL_BITS & ~CAT_BIT(CAT_EXEC)));
	cr_assert(eq(u64, category_parse("rpath"), CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR)));
	cr_assert(eq(u64, category_parse("tpath"), CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_MKTEMP)));
	cr_assert(eq(u64, category_parse("inet"), CAT_BIT(CAT_NET_BIND) | CAT_BIT(CAT_NET_CONNECT)));
	for (size_t i = 0; category_set_name(i); i++)
		cr_assert(category_word_is_set(category_set_name(i)));
}

Test(category, hidden_things_do_not_exist_and_others_are_refused, .timeout = 60)
{
	cr_assert(eq(int, category_errno(CAT_WALK), ENOENT));
	cr_assert(eq(int, category_errno(CAT_STAT), ENOENT));
	cr_assert(eq(int, category_errno(CAT_LIST), ENOENT));
	cr_assert(eq(int, category_errno(CAT_READ), EACCES));
	cr_assert(eq(int, category_errno(CAT_MKTEMP), EACCES));
	cr_assert(eq(int, category_errno(CAT_NET_BIND), EADDRNOTAVAIL));
	cr_assert(eq(int, category_errno(CAT_NET_CONNECT), ECONNREFUSED));
}

Test(category, enforced_now, .timeout = 60)
{
	static const char *const names[] = { "walk", "stat", "read", "write", "create", "truncate", "readdir", "mktemp",
		"exec", "chdir", "delete", "rename", "symlink", "mkdir", "rmdir", "chown", "chgrp", "chmod", "chattr",
		"utime", "mkbdev", "mkcdev", "mkfifo", "list", "ioctl", "notify", "fs", "net" };
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		bits |= category_parse(names[i]);
	cr_assert(eq(u64, category_enforced(), bits));
}
