/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * do_exit() -> trace_sched_process_exit(), in every thread that dies
 *
 * A process ends when its last thread does, which need not be the leader. From 6.16 the hook is told; before, signal->live has just
 * been counted down, and two threads that die together can both see 0: the second record is dropped by identity in user
 * space. The pid is given free only after the leader is reaped, so this record comes before any reuse of it.
 */
#ifndef MAYFLY_EXIT_H
#define MAYFLY_EXIT_H

#include "ring.h"
#include "task.h"
#include "twin.h"

/* Dead threads that still hang on the process while it ends; more are not counted, and the record says so. */
#define THREADS_MAX 256

static __always_inline void add_task(struct usage *u, const struct task_struct *task)
{
	u->user.ns += task->utime;
	u->system.ns += task->stime;
	u->runtime_ns += task->se.sum_exec_runtime;
	u->minor_faults += task->min_flt;
	u->major_faults += task->maj_flt;
	u->voluntary_switches += task->nvcsw;
	u->involuntary_switches += task->nivcsw;
	add_io(u, &task->ioac);
}

/* The same through helper calls: a pointer that was worked out from a list is no BTF pointer. */
static __always_inline void add_listed_task(struct usage *u, const struct task_struct *task)
{
	struct task_io_accounting___maybe *io = (void *)__builtin_preserve_access_index(&task->ioac);

	u->user.ns += BPF_CORE_READ(task, utime);
	u->system.ns += BPF_CORE_READ(task, stime);
	u->runtime_ns += BPF_CORE_READ(task, se.sum_exec_runtime);
	u->minor_faults += BPF_CORE_READ(task, min_flt);
	u->major_faults += BPF_CORE_READ(task, maj_flt);
	u->voluntary_switches += BPF_CORE_READ(task, nvcsw);
	u->involuntary_switches += BPF_CORE_READ(task, nivcsw);
	if (bpf_core_field_exists(io->read_bytes)) {
		u->read_bytes += BPF_CORE_READ(io, read_bytes);
		u->write_bytes += BPF_CORE_READ(io, write_bytes);
	}
}

/* signal_struct counts the threads that are reaped already; those still listed are added one by one. */
static __always_inline u32 add_threads(struct usage *u, const struct signal_struct *signal)
{
	const struct list_head *end = &signal->thread_head, *at = signal->thread_head.next;

#pragma clang loop unroll(disable)
	for (int i = 0; i < THREADS_MAX; i++) {
		if (at == end || !at)
			return 0;
		add_listed_task(u, (void *)at - bpf_core_field_offset(struct task_struct, thread_node));
		at = BPF_CORE_READ(at, next);
	}
	return EXIT_USAGE_PARTIAL;
}

static __always_inline u32 fill_usage(struct usage *u, const struct task_struct *task)
{
	const struct signal_struct *signal = task->signal;

	u->user.ns = signal->utime;
	u->system.ns = signal->stime;
	u->runtime_ns = signal->sum_sched_runtime;
	u->max_rss_pages = signal->maxrss;
	u->minor_faults = signal->min_flt;
	u->major_faults = signal->maj_flt;
	u->voluntary_switches = signal->nvcsw;
	u->involuntary_switches = signal->nivcsw;
	u->read_bytes = 0;
	u->write_bytes = 0;
	add_io(u, &signal->ioac);
	if (task->signal->nr_threads > 1)
		return add_threads(u, signal);
	add_task(u, task);
	return 0;
}

/* As wait(2): a group exit set one status for all, else it is the leader's. */
static __always_inline u32 exit_status(const struct task_struct *task)
{
	const struct signal_struct *signal = task->signal;

	return signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->group_leader->exit_code;
}

static __always_inline int on_exit(const unsigned long long *ctx, struct task_struct *task)
{
	struct exit_record *r;

	if (exit_has_group_dead ? !(ctx[1] & 1) : task->signal->live.counter != 0)
		return 0;
	if (!is_watched(task))
		return 0;

	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count_lost(RECORD_EXIT);
		return 0;
	}

	fill_header(&r->header, RECORD_EXIT, sizeof(*r), task);
	fill_state(&r->state, task);
	r->flags = fill_usage(&r->usage, task);
	r->status = exit_status(task);
	fill_comm(&r->comm, task);

	bpf_ringbuf_submit(r, wakeup_flag());
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(mayfly_exit, struct task_struct *task)
{
	leave_mark(RECORD_EXIT);
	return on_exit(ctx, task);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(mayfly_exit_twin, struct task_struct *task)
{
	return is_needed(RECORD_EXIT) ? on_exit(ctx, task) : 0;
}

#endif
