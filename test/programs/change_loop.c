/* cc: -O2 */
/*
 * Changes its effective uid COUNT times, between root's and nobody's. For storms of changes. Kernel: commit_creds.
 *
 *   change_loop COUNT
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#define NOBODY 65534

int main(int argc, char **argv)
{
	long i;

	if (argc != 2)
		errx(64, "usage: change_loop COUNT");
	for (i = 0; i < atol(argv[1]); i++)
		if (seteuid(i % 2 == 0 ? NOBODY : 0) < 0)
			err(1, "seteuid");
	return 0;
}
