/*
 * Ids and sessions that change without an exec, one system call after the other; the last changes nothing, and groups are not
 * told by themselves. Kernel: commit_creds(), ksys_setsid().
 *
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 * transitions: main fork, exec, end | child fork, session_id_change, gid_change, gid_change, uid_change, uid_change, end
 */
#include "truth.h"

#include <grp.h>

int main(int argc, char **argv)
{
	const gid_t groups[] = {2001, 2002};
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		truth_changed("session_id_change", setsid());
		truth_changed("gid_change", setresgid(2001, 2001, 0));
		if (setgroups(2, groups) < 0)
			err(TRUTH_FAILED, "setgroups");
		truth_changed("gid_change", setresgid(2001, 2002, 2003));
		truth_changed("uid_change", setresuid(1001, 1002, 0));
		truth_changed("uid_change", setresuid(1001, 1002, 1002));
		if (setresuid(1001, 1002, 1002) < 0)
			err(TRUTH_FAILED, "setresuid");
		_exit(0);
	}
	truth_ended("child", child);
	return 0;
}
