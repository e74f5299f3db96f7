/*
 * An executable that is unlinked before it runs (installers and malware do so). The open file is needed read-only:
 * execve refuses one that is open for writing. Kernel: execveat(AT_EMPTY_PATH), i_nlink 0.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "image_copy.h"

extern char **environ;

int main(int argc, char **argv)
{
	char folder[] = "/tmp/mayfly-deleted-XXXXXX", path[64];
	char *next[] = {"gone", "0", NULL};
	pid_t child;
	int fd;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(folder))
		err(TRUTH_FAILED, "%s", folder);
	snprintf(path, sizeof(path), "%s/gone", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0)
		err(TRUTH_FAILED, "%s", path);
	image_copy(fd);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(path) < 0 || rmdir(folder) < 0)
		err(TRUTH_FAILED, "%s", path);
	child = truth_fork("child", "main");
	if (child == 0) {
		fexecve(fd, next, environ);
		err(TRUTH_FAILED, "fexecve");
	}
	truth_ended("child", child);
	return 0;
}
