/*
 * A #! script, whose interpreter is `truth`: the image is the interpreter, what was asked for is the script.
 * Kernel: load_script sets bprm->interpreter and search_binary_handler starts over.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	char folder[] = "/tmp/mayfly-script-XXXXXX", path[64];
	pid_t child;
	int fd;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(folder))
		err(TRUTH_FAILED, "%s", folder);
	snprintf(path, sizeof(path), "%s/report.sh", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || dprintf(fd, "#!%s 0\n", truth_program("truth")) < 0 || close(fd) < 0)
		err(TRUTH_FAILED, "%s", path);
	child = truth_fork("child", "main");
	if (child == 0) {
		setenv("MAYFLY_SCRIPT", path, 1);
		execl(path, "the name given", "one", "two", (char *)NULL);
		err(TRUTH_FAILED, "execl %s", path);
	}
	truth_ended("child", child);
	unlink(path);
	rmdir(folder);
	return 0;
}
