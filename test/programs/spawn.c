/* cc: -O2 */
/*
 * Spawns BIN over and over, for storms and for the benchmark. Kernel: posix_spawn, so CLONE_VM | CLONE_VFORK, exec, exit.
 *
 *   spawn [-p WORKERS] COUNT BIN [ARG...]                        each worker COUNT times, one after another
 *   spawn [-p WORKERS] --rate R --seconds S BIN [ARG...]         open loop: R a second in all, for S seconds
 *
 * In the open loop every spawn has its moment, counted from the start and not from the spawn before, so a spawner that
 * was held up catches up and the rate asked for is the rate offered. A machine that cannot hold it falls behind its
 * moments: that is told (`behind_at_s`, the first time it was more than 100 ms late; `late_ms`, the worst), and what had
 * no turn 100 ms after the time was over is `missed`.
 * Prints one JSON object; user_s and system_s are those of the workers and everything they spawned.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define BEHIND (SECOND / 10)

extern char **environ;

struct plan {
	int workers;
	int64_t count;   /* per worker */
	int64_t period;  /* ns between two spawns of one worker; 0: no pacing */
	int64_t start;   /* ns, CLOCK_MONOTONIC */
	int64_t end;     /* ns; 0: none */
	char **command;
};

/* Shared with the workers: each writes its own. */
struct tally {
	int64_t spawned;
	int64_t failed;
	int64_t missed;
	int64_t latest;    /* worst lateness, ns */
	int64_t behind_at; /* ns after the start, -1: never behind */
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(int64_t moment)
{
	struct timespec t = {moment / SECOND, moment % SECOND};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static bool spawn_one(char **command)
{
	pid_t pid;
	int status;

	if (posix_spawn(&pid, command[0], NULL, NULL, command, environ) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void note_lateness(const struct plan *plan, struct tally *tally, int64_t moment)
{
	int64_t late = now() - moment;

	if (late > tally->latest)
		tally->latest = late;
	if (late > BEHIND && tally->behind_at < 0)
		tally->behind_at = moment - plan->start;
}

static void work(const struct plan *plan, int worker, struct tally *tally)
{
	int64_t first = plan->start + plan->period * worker / plan->workers;
	int64_t i, moment;

	for (i = 0; i < plan->count; i++) {
		if (plan->period > 0) {
			moment = first + i * plan->period;
			if (moment > now())
				sleep_until(moment);
			note_lateness(plan, tally, moment);
		}
		if (plan->end > 0 && now() >= plan->end) {
			tally->missed = plan->count - i;
			return;
		}
		tally->spawned++;
		if (!spawn_one(plan->command))
			tally->failed++;
	}
}

static void report(const struct plan *plan, const struct tally *tallies)
{
	struct tally sum = {.behind_at = -1};
	double seconds = (double)(now() - plan->start) / SECOND;
	struct rusage used;
	int i;

	getrusage(RUSAGE_CHILDREN, &used);
	for (i = 0; i < plan->workers; i++) {
		const struct tally *one = &tallies[i];

		sum.spawned += one->spawned;
		sum.failed += one->failed;
		sum.missed += one->missed;
		if (one->latest > sum.latest)
			sum.latest = one->latest;
		if (one->behind_at >= 0 && (sum.behind_at < 0 || one->behind_at < sum.behind_at))
			sum.behind_at = one->behind_at;
	}
	printf("{\"spawned\":%lld,\"failed\":%lld,\"missed\":%lld,\"seconds\":%.6f,\"rate\":%.1f",
	       (long long)sum.spawned, (long long)sum.failed, (long long)sum.missed, seconds,
	       (double)sum.spawned / seconds);
	printf(",\"user_s\":%ld.%06ld,\"system_s\":%ld.%06ld", used.ru_utime.tv_sec, used.ru_utime.tv_usec,
	       used.ru_stime.tv_sec, used.ru_stime.tv_usec);
	if (plan->period > 0)
		printf(",\"late_ms\":%.3f", (double)sum.latest / 1e6);
	if (sum.behind_at >= 0)
		printf(",\"behind_at_s\":%.3f", (double)sum.behind_at / SECOND);
	printf("}\n");
}

static void usage(void)
{
	errx(64, "usage: spawn [-p WORKERS] (COUNT | --rate R --seconds S) BIN [ARG...]");
}

static struct plan read_plan(int argc, char **argv)
{
	static const struct option options[] = {
		{"rate", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'}, {0}};
	struct plan plan = {.workers = 1};
	double rate = 0, seconds = 0;
	int option;

	while ((option = getopt_long(argc, argv, "+p:", options, NULL)) != -1) {
		if (option == 'p')
			plan.workers = atoi(optarg);
		else if (option == 'r')
			rate = atof(optarg);
		else if (option == 's')
			seconds = atof(optarg);
		else
			usage();
	}
	if (rate == 0 && optind < argc)
		plan.count = atoll(argv[optind++]);
	if (optind >= argc || plan.workers < 1 || (rate > 0) != (seconds > 0) || rate < 0)
		usage();
	plan.command = argv + optind;
	plan.start = now();
	if (rate > 0) {
		plan.count = (int64_t)(rate * seconds / plan.workers);
		plan.period = (int64_t)((double)SECOND * plan.workers / rate);
		plan.end = plan.start + (int64_t)(seconds * SECOND) + BEHIND;
	}
	if (plan.count < 1)
		usage();
	return plan;
}

int main(int argc, char **argv)
{
	struct plan plan = read_plan(argc, argv);
	size_t size = (size_t)plan.workers * sizeof(struct tally);
	struct tally *tallies = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	if (tallies == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < plan.workers; i++) {
		tallies[i].behind_at = -1;
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			prctl(PR_SET_TIMERSLACK, 1); /* sleeps would else end up to 50 us late */
			work(&plan, i, &tallies[i]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	report(&plan, tallies);
	return 0;
}
