/*
 * A controlling terminal won and lost: `holder` opens a new pseudo terminal as session leader and becomes `truth`;
 * `leaver`, its child, calls setsid before it does. Kernel: signal->tty, set by TIOCSCTTY, cleared by setsid.
 *
 * together: main fork+exec+end | holder fork+exec+end | leaver fork+exec+end
 * apart: main fork+exec, end | holder fork, exec, end | leaver fork, exec, end
 * transitions: main fork, exec, end | holder fork, session_id_change, exec, end | leaver fork, session_id_change, exec, end
 */
#include "truth.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static void hold(const char *terminal)
{
	pid_t child;
	int fd;

	truth_changed("session_id_change", setsid());
	if ((fd = open(terminal, O_RDWR | O_NOCTTY)) < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		err(TRUTH_FAILED, "controlling terminal %s", terminal);
	child = truth_fork("leaver", "holder");
	if (child == 0) {
		truth_changed("session_id_change", setsid());
		truth_exec("0", "without terminal");
	}
	truth_ended("leaver", child);
	truth_exec("0", "with terminal");
}

int main(int argc, char **argv)
{
	pid_t child;
	int master;

	truth_begin(argc, argv);
	truth_self("exec");
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		err(TRUTH_FAILED, "posix_openpt");
	child = truth_fork("holder", "main");
	if (child == 0)
		hold(ptsname(master));
	truth_ended("holder", child);
	return 0;
}
