/* cc: -pthread */
/*
 * The leader thread is gone while a worker computes, then the process ends with code 7. Kernel: the zombie leader stays
 * until release_task, so its own counters are in no sum yet when the last thread runs do_exit.
 *
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"
#include "burn.h"

#include <pthread.h>

static void *work(void *unused)
{
	(void)unused;
	burn(120);
	truth_pause();
	exit(7);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		burn(40);
		if (pthread_create(&thread, NULL, work, NULL) != 0)
			errx(TRUTH_FAILED, "pthread_create");
		pthread_exit(NULL);
	}
	truth_ended("child", child);
	return 0;
}
