/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * kernel_clone() -> copy_process() -> trace_sched_process_fork() -> wake_up_new_task()
 *
 * Runs in the parent, after the child is complete and before it may run for the first time: nothing the child does can
 * come before this record. Fires for threads too; those are left out.
 */
#ifndef MAYFLY_FORK_H
#define MAYFLY_FORK_H

#include "ring.h"
#include "task.h"
#include "twin.h"

static __always_inline int on_fork(struct task_struct *creator, struct task_struct *child)
{
	struct fork_record *r;

	if (child->pid != child->tgid || !is_watched(child))
		return 0;

	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count_lost(RECORD_FORK);
		return 0;
	}

	fill_header(&r->header, RECORD_FORK, sizeof(*r), child);
	fill_state(&r->state, child);
	fill_ref(&r->parent, child->real_parent);
	fill_ref(&r->creator, creator);

	bpf_ringbuf_submit(r, wakeup_flag());
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(mayfly_fork, struct task_struct *creator, struct task_struct *child)
{
	leave_mark(RECORD_FORK);
	return on_fork(creator, child);
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(mayfly_fork_twin, struct task_struct *creator, struct task_struct *child)
{
	return is_needed(RECORD_FORK) ? on_fork(creator, child) : 0;
}

#endif
