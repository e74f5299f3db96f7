/*
 * execve with an empty argument list. Kernel: from 5.18 bprm gets one empty argument ("") put in, so argc is 1; before,
 * argc is 0. The image `truth` describes what arrived.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	char *none[] = {NULL};
	char *path = truth_program("truth");
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		execv(path, none);
		err(TRUTH_FAILED, "execv");
	}
	truth_ended("child", child);
	return 0;
}
