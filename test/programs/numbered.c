/* cc: -O2 */
/*
 * Spawns BIN COUNT times, RATE a second, each with an argument of its own: MARK.0, MARK.1, ... For tests that look for
 * each single life in a far place. Kernel: posix_spawn, so CLONE_VM | CLONE_VFORK, exec, exit.
 *
 *   numbered RATE COUNT MARK BIN [NOISE]
 *
 * NOISE: a second argument of so many letters and digits, other ones for each life: documents that are large on a disk
 * too, however well it is compressed. Each spawn has its moment, counted from the start: one that was held up catches
 * up. On stdout, for each that was spawned and waited for, its number, its pid and the times just before and after its
 * life, microseconds since the epoch: `{"number":0,"pid":4711,"begin":1,"end":2}`. SIGTERM ends it after the life
 * under way.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define NOISE_MAX 65536

extern char **environ;

static volatile sig_atomic_t ending;

static void end(int number)
{
	(void)number;
	ending = 1;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* xorshift32: the same for the same number. */
static char *noise_of(long number, long length)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static char noise[NOISE_MAX + 1];
	uint32_t state = 2654435761u * ((uint32_t)number + 1);
	long at;

	for (at = 0; at < length; at++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		noise[at] = letters[state % (sizeof(letters) - 1)];
	}
	noise[length] = 0;
	return noise;
}

static void sleep_until(int64_t moment)
{
	struct timespec t = {moment / SECOND, moment % SECOND};

	while (!ending && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static pid_t spawn_one(char *program, const char *mark, long number, long noise)
{
	char token[128];
	char *command[] = {program, token, noise > 0 ? noise_of(number, noise) : NULL, NULL};
	int status, fault;
	pid_t pid;

	snprintf(token, sizeof(token), "%s.%ld", mark, number);
	fault = posix_spawn(&pid, program, NULL, NULL, command, environ);
	if (fault != 0) {
		errno = fault;
		err(1, "%s", program);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s ended with status %#x", program, status);
	return pid;
}

static void live_one(char *program, const char *mark, long number, long noise)
{
	int64_t begin = microseconds();
	pid_t pid = spawn_one(program, mark, number, noise);

	printf("{\"number\":%ld,\"pid\":%d,\"begin\":%" PRId64 ",\"end\":%" PRId64 "}\n", number, pid, begin,
	       microseconds());
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = end};
	int64_t start = now();
	double rate;
	long count, noise, i;

	sigaction(SIGTERM, &action, NULL);
	if (argc != 5 && argc != 6)
		errx(64, "usage: numbered RATE COUNT MARK BIN [NOISE]");
	rate = atof(argv[1]);
	count = atol(argv[2]);
	noise = argc == 6 ? atol(argv[5]) : 0;
	if (rate <= 0 || count < 1)
		errx(64, "RATE and COUNT are above 0");
	if (noise < 0 || noise > NOISE_MAX)
		errx(64, "NOISE is 0 to %d", NOISE_MAX);
	/* A test that waits for so many lives must not wait for a full buffer. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < count && !ending; i++) {
		sleep_until(start + (int64_t)((double)i * SECOND / rate));
		if (!ending)
			live_one(argv[4], argv[3], i, noise);
	}
	return 0;
}
