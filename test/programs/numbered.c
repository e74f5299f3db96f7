/* cc: -O2 */
/*
 * Spawns BIN COUNT times, RATE a second, each with an argument of its own: MARK.0, MARK.1, ... For tests that look for
 * each single life in a far place. Kernel: posix_spawn, so CLONE_VM | CLONE_VFORK, exec, exit.
 *
 *   numbered RATE COUNT MARK BIN
 *
 * Each spawn has its moment, counted from the start: one that was held up catches up. On stdout, for each that was
 * spawned and waited for, its number and pid: `{"number":0,"pid":4711}`. SIGTERM ends it after the life under way.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

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

static void sleep_until(int64_t moment)
{
	struct timespec t = {moment / SECOND, moment % SECOND};

	while (!ending && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static pid_t spawn_one(char *program, const char *mark, long number)
{
	char token[128];
	char *command[] = {program, token, NULL};
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

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = end};
	int64_t start = now();
	double rate;
	long count, i;

	sigaction(SIGTERM, &action, NULL);
	if (argc != 5)
		errx(64, "usage: numbered RATE COUNT MARK BIN");
	rate = atof(argv[1]);
	count = atol(argv[2]);
	if (rate <= 0 || count < 1)
		errx(64, "RATE and COUNT are above 0");
	/* A test that waits for so many lives must not wait for a full buffer. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < count && !ending; i++) {
		sleep_until(start + (int64_t)((double)i * SECOND / rate));
		if (!ending)
			printf("{\"number\":%ld,\"pid\":%d}\n", i, spawn_one(argv[4], argv[3], i));
	}
	return 0;
}
