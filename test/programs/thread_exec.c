/* cc: -pthread */
/*
 * execve from a thread that is not the leader. Kernel: de_thread kills the others and the caller takes over the leader's
 * pid and start time, so the record's old pid differs from its pid.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <pthread.h>

static void *become(void *unused)
{
	(void)unused;
	truth_exec("0", "from a thread");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		if (pthread_create(&thread, NULL, become, NULL) != 0)
			errx(TRUTH_FAILED, "pthread_create");
		pause();
	}
	truth_ended("child", child);
	return 0;
}
