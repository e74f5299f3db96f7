/*
 * A process with a root of its own, as in a container: the machine's root mounted once more, below a folder of /tmp, in a
 * mount namespace of its own. Kernel: task->fs->root; paths are told as the process itself sees them.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <sched.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	char root[] = "/tmp/mayfly-root-XXXXXX";
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(root))
		err(TRUTH_FAILED, "%s", root);
	child = truth_fork("child", "main");
	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			err(TRUTH_FAILED, "CLONE_NEWNS");
		if (mount("/", root, NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(root) < 0 || chdir("/usr") < 0)
			err(TRUTH_FAILED, "%s", root);
		truth_exec("4", "below a root of its own");
	}
	truth_ended("child", child);
	rmdir(root);
	return 0;
}
