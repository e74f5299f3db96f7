/*
 * vfork, execve: the parent stands still and shares its memory until the exec. Kernel: CLONE_VFORK | CLONE_VM.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	char *path = truth_program("truth");
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	truth_role("child", "main");
	child = vfork();
	if (child == 0) {
		truth_pause();
		execl(path, "truth", "2", "after vfork", (char *)NULL);
		_exit(TRUTH_FAILED);
	}
	truth_ended("child", child);
	return 0;
}
