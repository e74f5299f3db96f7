/*
 * posix_spawn: glibc clones with CLONE_VM | CLONE_VFORK onto a stack of its own; nothing can pause before the exec.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork+exec, end
 */
#include "truth.h"

#include <spawn.h>

extern char **environ;

int main(int argc, char **argv)
{
	char *next[] = {"truth", "3", "spawned", NULL};
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	truth_role("child", "main");
	errno = posix_spawn(&child, truth_program("truth"), NULL, NULL, next, environ);
	if (errno != 0)
		err(TRUTH_FAILED, "posix_spawn");
	truth_ended("child", child);
	return 0;
}
