/*
 * A child gives up root for uid and gid 65534, then execs. The image is opened before: the new user may not be allowed to
 * walk to it. Kernel: commit_creds between the fork and the exec record.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 * transitions: main fork, exec, end | child fork, gid_change, uid_change, exec, end
 */
#include "truth.h"

#include <fcntl.h>
#include <grp.h>

extern char **environ;

int main(int argc, char **argv)
{
	char *next[] = {"truth", "0", "as nobody", NULL};
	pid_t child;
	int image;

	truth_begin(argc, argv);
	truth_self("exec");
	image = open(truth_program("truth"), O_RDONLY | O_CLOEXEC);
	if (image < 0)
		err(TRUTH_FAILED, "open");
	child = truth_fork("child", "main");
	if (child == 0) {
		if (setgroups(0, NULL) < 0)
			err(TRUTH_FAILED, "setgroups");
		truth_changed("gid_change", setresgid(65534, 65534, 65534));
		truth_changed("uid_change", setresuid(65534, 65534, 65534));
		fexecve(image, next, environ);
		err(TRUTH_FAILED, "fexecve");
	}
	truth_ended("child", child);
	return 0;
}
