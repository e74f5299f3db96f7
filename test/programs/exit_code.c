/*
 * A child that exits with the code in argv[1]. Kernel: do_group_exit keeps the low 8 bits, in bits 8 to 15 of the status.
 *
 * run: 0
 * run: 1
 * run: 255
 * run: 256
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	int code = argc > 1 ? atoi(argv[1]) : 0;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0)
		_exit(code);
	truth_ended("child", child);
	return 0;
}
