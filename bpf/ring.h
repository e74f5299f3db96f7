/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one ring. One ring keeps causal order: a fork is reserved before the child can run, an exit before its pid
 * can be given again, so user space sorts nothing.
 */
#ifndef MAYFLY_RING_H
#define MAYFLY_RING_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024); /* set by the addon before loading */
} ring SEC(".maps");

/* Set by the addon before loading. */
const volatile bool exit_has_group_dead = false;   /* tp_btf/sched_process_exit has a second argument (6.16) */
const volatile bool hooks_preemptible = false;     /* from 7.0: twin.h */
const volatile u32 wakeup_bytes = 1024 * 1024; /* data waiting in the ring that wakes the reader before its timer */

/* Records that found no room, by enum record_kind. Written with atomic adds, read by the addon through mmap. */
u64 lost[8];

/*
 * Wakes the reader once when the ring passes the mark, and not on every record: a wake-up is an irq_work. A mark that two
 * CPUs pass together and miss costs nothing but time: the reader looks by timer anyway.
 */
static __always_inline u64 wakeup_flag(void)
{
	u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	return waiting - wakeup_bytes < 64 * 1024 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void count_lost(enum record_kind kind)
{
	__sync_fetch_and_add(&lost[kind & 7], 1);
}

#endif
