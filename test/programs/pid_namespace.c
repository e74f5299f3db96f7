/*
 * A process that is 1 in a pid namespace of its own, as a container's first. Kernel: unshare(CLONE_NEWPID) puts the next
 * child into the new namespace; documents tell pids of the initial one.
 *
 * together: main fork+exec+end | outer fork+end | inner fork+exec+end
 * apart: main fork+exec, end | outer fork, end | inner fork, exec, end
 */
#include "truth.h"

#include <sched.h>

static void outer(void)
{
	pid_t child;

	if (unshare(CLONE_NEWPID) < 0)
		err(TRUTH_FAILED, "CLONE_NEWPID");
	child = truth_fork("inner", "outer");
	if (child == 0)
		truth_exec("3", "the first of its namespace");
	truth_ended("inner", child);
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("outer", "main");
	if (child == 0)
		outer();
	truth_ended("outer", child);
	return 0;
}
