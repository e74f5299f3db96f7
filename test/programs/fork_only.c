/*
 * fork without exec (prefork servers, subshells): the child keeps its parent's image. Kernel: kernel_clone.
 *
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0)
		_exit(4);
	truth_ended("child", child);
	return 0;
}
