/*
 * A #! script whose interpreter is a script again. What was asked for is the outer one; the image is the interpreter of
 * the inner one. Kernel: load_script runs twice, and only bprm->filename still names the outer script.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <fcntl.h>
#include <sys/stat.h>

static void write_script(const char *path, const char *interpreter, const char *argument)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	if (fd < 0 || dprintf(fd, "#!%s%s\n", interpreter, argument) < 0 || close(fd) < 0)
		err(TRUTH_FAILED, "%s", path);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/mayfly-script-XXXXXX", inner[64], outer[64];
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(folder))
		err(TRUTH_FAILED, "%s", folder);
	snprintf(inner, sizeof(inner), "%s/inner", folder);
	snprintf(outer, sizeof(outer), "%s/outer", folder);
	write_script(inner, truth_program("truth"), " 0");
	write_script(outer, inner, "");
	child = truth_fork("child", "main");
	if (child == 0) {
		setenv("MAYFLY_SCRIPT", outer, 1);
		execl(outer, "outer", "one", (char *)NULL);
		err(TRUTH_FAILED, "execl %s", outer);
	}
	truth_ended("child", child);
	unlink(inner);
	unlink(outer);
	rmdir(folder);
	return 0;
}
