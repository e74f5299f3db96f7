// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A second opinion on the probes: how often each process was forked, changed its image and ended, and how many children
 * it made. On purpose it shares no header, no type and no idea with bpf/: raw tracepoints instead of typed ones, no ring,
 * and the end of a process is worked out by counting its threads instead of asking the kernel.
 *
 * Only processes whose fork is seen are counted: for all others the number of threads is unknown.
 */
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef unsigned short __u16;
typedef unsigned char __u8;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
enum bpf_map_type { BPF_MAP_TYPE_HASH = 1 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "counts.h"

#define PF_IO_WORKER 0x00000010 /* a thread of io_uring: it ends, but no fork is told of it */
#define PF_KTHREAD 0x00200000

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct life);
	__type(value, struct counts);
} lives SEC(".maps");

/* Processes that found no room. */
__u64 untold;

static struct counts *counts_of(struct task_struct *task)
{
	struct life life = {.pid = BPF_CORE_READ(task, tgid)};

	life.start = BPF_CORE_READ(task, group_leader, start_boottime);
	return bpf_map_lookup_elem(&lives, &life);
}

/* Before the child runs for the first time, so nothing that it does can come earlier. */
SEC("raw_tp/sched_process_fork")
int count_fork(__u64 *args)
{
	struct task_struct *child = (void *)args[1];
	struct life life = {.pid = BPF_CORE_READ(child, tgid), .start = BPF_CORE_READ(child, start_boottime)};
	struct counts first = {.threads = 1, .forks = 1}, *known;

	if (BPF_CORE_READ(child, flags) & PF_KTHREAD)
		return 0;
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid)) {
		known = counts_of(child);
		if (known)
			__sync_fetch_and_add(&known->threads, 1);
		return 0;
	}
	known = bpf_map_lookup_elem(&lives, &life);
	if (known)
		__sync_fetch_and_add(&known->forks, 1);
	else if (bpf_map_update_elem(&lives, &life, &first, 0))
		__sync_fetch_and_add(&untold, 1);
	known = counts_of(BPF_CORE_READ(child, real_parent));
	if (known)
		__sync_fetch_and_add(&known->children, 1);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int count_exec(__u64 *args)
{
	struct counts *known = counts_of((void *)args[0]);

	if (known)
		__sync_fetch_and_add(&known->execs, 1);
	return 0;
}

/* In every thread that dies. Whoever takes the last one off the count ends the process: exactly one does. */
SEC("raw_tp/sched_process_exit")
int count_exit(__u64 *args)
{
	struct task_struct *task = (void *)args[0];
	struct counts *known = counts_of(task);

	if (!known || BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		return 0;
	if (__sync_fetch_and_add(&known->threads, -1) == 1)
		__sync_fetch_and_add(&known->ends, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
