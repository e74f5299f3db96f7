/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Loads counter.bpf.o (argv[1]), says {"ready":true} when it counts, and when its stdin ends prints what it has counted
 * as one JSON object. Ticks are those of /proc/PID/stat, 10 ms since boot.
 *
 * The fork program comes last and the exit program goes first: of a process whose fork is counted, every exec and end is
 * counted too, and one whose end is counted has nothing left to come.
 */
#include <err.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "counts.h"

#define FAILED 1
#define TICK 10000000ULL
#define PROGRAMS 3

static const char *const names[PROGRAMS] = {"count_exit", "count_exec", "count_fork"};
static struct bpf_program *programs[PROGRAMS];
static struct bpf_link *links[PROGRAMS];

static uint64_t now_ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (t.tv_sec * 1000000000ULL + t.tv_nsec) / TICK;
}

static void attach(struct bpf_object *object)
{
	for (int i = 0; i < PROGRAMS; i++) {
		programs[i] = bpf_object__find_program_by_name(object, names[i]);
		links[i] = programs[i] ? bpf_program__attach(programs[i]) : NULL;
		if (!links[i])
			err(FAILED, "attach %s", names[i]);
	}
}

static void detach(void)
{
	for (int i = 0; i < PROGRAMS; i++)
		bpf_link__destroy(links[i]);
}

/* Calls that the kernel left out because the program was running already on that CPU. */
static uint64_t skipped(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(programs[i]), &info, &size))
			err(FAILED, "information about %s", names[i]);
		sum += info.recursion_misses;
	}
	return sum;
}

static uint64_t read_untold(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
	uint64_t value;
	__u32 key = 0;

	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &key, &value))
		err(FAILED, "read the count of processes without room");
	return value;
}

static void print_processes(struct bpf_object *object)
{
	int lives = bpf_object__find_map_fd_by_name(object, "lives");
	const char *comma = "";
	struct life life, *last = NULL;
	struct counts counts;

	while (bpf_map_get_next_key(lives, last, &life) == 0) {
		last = &life;
		if (bpf_map_lookup_elem(lives, &life, &counts))
			err(FAILED, "read a process");
		printf("%s\n{\"pid\":%llu,\"start_ticks\":%llu,\"forks\":%llu,\"execs\":%llu,\"ends\":%llu,"
		       "\"children\":%llu}",
		       comma, life.pid, life.start / TICK, counts.forks, counts.execs, counts.ends, counts.children);
		comma = ",";
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	uint64_t from, to;
	char byte;

	if (argc != 2)
		errx(FAILED, "usage: counter OBJECT");
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		err(FAILED, "load %s", argv[1]);
	attach(object);
	from = now_ticks();
	printf("{\"ready\":true}\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	to = now_ticks();
	detach();
	printf("{\"from_ticks\":%ju,\"to_ticks\":%ju,\"skipped\":%ju,\"untold\":%ju,\"processes\":[", from, to,
	       skipped(), read_untold(object));
	print_processes(object);
	printf("]}\n");
	return 0;
}
