/*
 * clone3(2) without any flag but SIGCHLD, as new runtimes do. Kernel: kernel_clone by another door.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child < 0)
		err(TRUTH_FAILED, "clone3");
	if (child == 0) {
		truth_role("child", "main");
		truth_self("fork");
		truth_pause();
		truth_exec("0", "after clone3");
	}
	truth_ended("child", child);
	return 0;
}
