/*
 * Makes tiny programs for tests of exec. Arguments: good|evil PATH [INTERPRETER]. The good one exits
 * with 7; the evil one with 66, after a mark.
 */
#include "tiny.h"

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	umask(022);
	tiny_program(argv[2], strcmp(argv[1], "evil") == 0, argc > 3 ? argv[3] : NULL);
	return 0;
}
