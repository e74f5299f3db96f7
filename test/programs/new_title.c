/*
 * A daemon that overwrites its own arguments and name, as PostgreSQL and sshd do to show what they are at. Kernel: nobody is
 * told; documents keep the arguments and the name of the exec, whatever `ps` shows later. A document with the end has the
 * name that it went by then as process.title.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <sys/prctl.h>

static int show_another_title(char **argv)
{
	truth_self("exec");
	memset(argv[0], 'x', strlen(argv[0]));
	memset(argv[1], 'y', strlen(argv[1]));
	if (prctl(PR_SET_NAME, "renamed") < 0)
		err(TRUTH_FAILED, "PR_SET_NAME");
	truth_pause();
	return 6;
}

int main(int argc, char **argv)
{
	pid_t child;

	truth_begin(argc, argv);
	if (argc > 1)
		return show_another_title(argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		execl(truth_program("new_title"), "new_title", "a title of its own", (char *)NULL);
		err(TRUTH_FAILED, "execl");
	}
	truth_ended("child", child);
	return 0;
}
