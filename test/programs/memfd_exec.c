/*
 * An image that never had a path: memfd_create, fexecve. Kernel: the shm mount's dentry `memfd:NAME`.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "image_copy.h"

#include <sys/mman.h>

extern char **environ;

int main(int argc, char **argv)
{
	char *next[] = {"ghost", "0", NULL};
	int fd = memfd_create("mayfly-ghost", MFD_CLOEXEC);
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (fd < 0)
		err(TRUTH_FAILED, "memfd_create");
	image_copy(fd);
	child = truth_fork("child", "main");
	if (child == 0) {
		fexecve(fd, next, environ);
		err(TRUTH_FAILED, "fexecve");
	}
	truth_ended("child", child);
	return 0;
}
