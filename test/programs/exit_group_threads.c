/* cc: -pthread */
/*
 * exit_group while workers compute: all threads die at once, none was reaped before. Kernel: zap_other_threads, and
 * whichever thread is last runs the group's end.
 *
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"
#include "burn.h"

#include <pthread.h>

#define WORKERS 4

static pthread_barrier_t warm;

static void *work(void *unused)
{
	(void)unused;
	burn(30);
	pthread_barrier_wait(&warm);
	burn(10000);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;
	int i;

	truth_begin(argc, argv);
	truth_self("exec");
	child = truth_fork("child", "main");
	if (child == 0) {
		pthread_barrier_init(&warm, NULL, WORKERS + 1);
		for (i = 0; i < WORKERS; i++)
			if (pthread_create(&thread, NULL, work, NULL) != 0)
				errx(TRUTH_FAILED, "pthread_create");
		pthread_barrier_wait(&warm);
		exit(6);
	}
	truth_ended("child", child);
	return 0;
}
