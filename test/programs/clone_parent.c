/*
 * clone(CLONE_PARENT), as runc does: middle makes a process that becomes main's child. Its image is middle's (its creator),
 * its parent is main. Kernel: copy_process sets real_parent = current->real_parent.
 *
 * together: main fork+exec+end | middle fork+end | sibling fork+exec+end
 * apart: main fork+exec, end | middle fork, end | sibling fork, exec, end
 */
#include "truth.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

static void middle(int tell)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid < 0)
		err(TRUTH_FAILED, "clone");
	if (pid == 0) {
		truth_role("sibling", "main");
		truth_self("fork");
		truth_pause();
		truth_exec("0", "sibling");
	}
	if (write(tell, &pid, sizeof(pid)) != sizeof(pid))
		err(TRUTH_FAILED, "write");
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t child, sibling;
	int ends[2];

	truth_begin(argc, argv);
	truth_self("exec");
	if (pipe(ends) < 0)
		err(TRUTH_FAILED, "pipe");
	child = truth_fork("middle", "main");
	if (child == 0)
		middle(ends[1]);
	if (read(ends[0], &sibling, sizeof(sibling)) != sizeof(sibling))
		err(TRUTH_FAILED, "read");
	truth_ended("middle", child);
	truth_ended("sibling", sibling);
	return 0;
}
