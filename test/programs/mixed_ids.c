/*
 * Real, effective and saved ids that all differ, from the exec on. Kernel: task->cred as the exec left it.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 * transitions: main fork, exec, end | child fork, gid_change, uid_change, exec, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		truth_changed("gid_change", setresgid(2001, 0, 0));
		truth_changed("uid_change", setresuid(1001, 0, 0));
		truth_exec("0", "mixed");
	}
	truth_ended("child", child);
	return 0;
}
