/* Waits, without using the CPU, until its stdin ends: a process for the start-up scan to find. Exits with argv[1]. */
#include "truth.h"

int main(int argc, char **argv)
{
	char byte;

	truth_begin(argc, argv);
	truth_self("exec");
	while (read(STDIN_FILENO, &byte, 1) != 0)
		;
	return argc > 1 ? atoi(argv[1]) : 0;
}
