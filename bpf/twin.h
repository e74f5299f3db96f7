/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel skips a program that is running already on the same CPU. Before 7.0 hooks run with preemption off, so that does
 * not happen; since then ("tracing: Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast") they can be preempted, and
 * in an emulated 7.3 one hook in 600 is skipped in a storm. So each hook has a twin there, a second program with the same body
 * and a count of its own, called right after the first in the same task: it does what the first was kept from doing. Both
 * are skipped only where two tasks were preempted in both on one CPU.
 *
 * On fentry and fexit programs can be preempted on every kernel (they run with migration off, __bpf_prog_enter()), so those of
 * changes.bpf.c always have twins: in an emulated 6.18 with preempt=full, of 8,000 changes by 4 processes at once 790 were skipped
 * by the first program, all of which the twin did.
 */
#ifndef MAYFLY_TWIN_H
#define MAYFLY_TWIN_H

#include "ring.h"

#define MARKS 16384

/* The last thread of each slot whose first program has run, and its twin not yet: tid << 3 | kind. */
u32 marks[MARKS];

/* What twins did, by enum record_kind. The kernel's count of skipped first programs, less this, is what was missed. */
u64 caught[8];

static __always_inline u32 mark_of(enum record_kind kind)
{
	return (u32)bpf_get_current_pid_tgid() << 3 | kind;
}

/* The first program begins. */
static __always_inline void leave_mark(enum record_kind kind)
{
	u32 mark = mark_of(kind);

	if (hooks_preemptible)
		marks[(mark >> 3) % MARKS] = mark;
}

/* The twin begins: whether the first program was skipped. */
static __always_inline bool is_needed(enum record_kind kind)
{
	u32 mark = mark_of(kind), slot = (mark >> 3) % MARKS;

	if (marks[slot] == mark) {
		marks[slot] = 0;
		return false;
	}
	__sync_fetch_and_add(&caught[kind & 7], 1);
	return true;
}

#endif
