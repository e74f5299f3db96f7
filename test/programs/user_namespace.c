/*
 * A process that is root in a user namespace of its own: all capabilities there, none outside. Kernel: create_user_ns gives
 * a full set; documents tell the ids of the initial namespace, here the same ones, and the sets as the task has them.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <fcntl.h>
#include <sched.h>

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(TRUTH_FAILED, "%s", path);
	close(fd);
}

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			err(TRUTH_FAILED, "CLONE_NEWUSER");
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", "0 0 1");
		write_file("/proc/self/gid_map", "0 0 1");
		truth_exec("0", "root of its own");
	}
	truth_ended("child", child);
	return 0;
}
