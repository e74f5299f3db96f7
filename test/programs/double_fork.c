/*
 * A daemon: main -> middle -> daemon, and middle dies before the daemon execs. Kernel: forget_original_parent gives the
 * daemon to main (a child subreaper), yet the parent that made it is middle.
 *
 * together: main fork+exec+end | middle fork+end | daemon fork+exec+end
 * apart: main fork+exec, end | middle fork, end | daemon fork, exec, end
 * transitions: main fork, exec, end | middle fork, end | daemon fork, session_id_change, exec, end
 */
#include "truth.h"

#include <sys/prctl.h>

static void middle(void)
{
	pid_t maker = getpid();

	if (truth_fork("daemon", "middle") != 0)
		_exit(0);
	while (getppid() == maker)
		usleep(1000);
	truth_changed("session_id_change", setsid());
	truth_exec("0", "daemon");
}

int main(int argc, char **argv)
{
	int status;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		err(TRUTH_FAILED, "PR_SET_CHILD_SUBREAPER");
	child = truth_fork("middle", "main");
	if (child == 0)
		middle();
	status = truth_ended("middle", child);
	truth_ended("daemon", -1);
	return WEXITSTATUS(status);
}
