/* cc: -pthread */
/*
 * Every thread leaves by itself, the leader first (9), a worker last (3): no exit_group anywhere. Kernel: older ones tell
 * the parent the leader's code, those with synchronize_group_exit the last thread's; what wait4 says is the truth.
 *
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"

#include <pthread.h>
#include <sys/syscall.h>

static void *work(void *unused)
{
	struct timespec moment = {0, 50 * 1000 * 1000};

	(void)unused;
	nanosleep(&moment, NULL);
	truth_pause();
	syscall(SYS_exit, 3);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		if (pthread_create(&thread, NULL, work, NULL) != 0)
			errx(TRUTH_FAILED, "pthread_create");
		syscall(SYS_exit, 9);
	}
	truth_ended("child", child);
	return 0;
}
