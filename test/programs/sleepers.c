/* cc: -static -O2 */
/*
 * argv[1] children that wait, each only a pipe's end away from its end: they go when this process goes, however it does.
 * Prints {"say":"ready","pids":[...]} when all are there and leaves when its stdin ends. Static: a fork copies few pages.
 */
#include "truth.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1, ends[2], i;
	pid_t *children = calloc((size_t)count, sizeof(*children));
	char byte;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!children || pipe(ends) < 0)
		err(TRUTH_FAILED, "pipe");
	put("{\"say\":\"ready\",\"pids\":[");
	for (i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			err(TRUTH_FAILED, "fork %d of %d", i + 1, count);
		if (children[i] == 0) {
			close(ends[1]);
			while (read(ends[0], &byte, 1) != 0)
				;
			_exit(0);
		}
		put(i ? ",%d" : "%d", children[i]);
	}
	put("]");
	truth_write();
	while (read(STDIN_FILENO, &byte, 1) != 0)
		;
	close(ends[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
