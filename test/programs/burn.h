/* CPU time that a test can measure: well above a tick (4 ms), well below a second. */
#ifndef MAYFLY_BURN_H
#define MAYFLY_BURN_H

#include <time.h>

/* Keeps the calling thread computing until it has used `ms` of CPU time. */
static inline void burn(long ms)
{
	struct timespec used;
	volatile unsigned i;

	do {
		for (i = 0; i < 100000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	} while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
}

#endif
