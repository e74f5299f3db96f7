/*
 * fork, execve, exit_group: the ordinary life. Kernel: kernel_clone, bprm_execve, do_group_exit.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0)
		truth_exec("0", "an argument with spaces");
	truth_ended("child", child);
	return 0;
}
