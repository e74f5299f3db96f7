/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who the caller is in the kernel's own eyes. Run once by the addon (BPF_PROG_TEST_RUN), attached to nothing: when the answer
 * differs from /proc/self, mayfly sits in another pid or time namespace than the processes it would describe.
 */
#ifndef MAYFLY_SELF_H
#define MAYFLY_SELF_H

struct task_ref self;

SEC("raw_tp")
int mayfly_self(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	self.pid = BPF_CORE_READ(task, tgid);
	self.start.ns = BPF_CORE_READ(task, group_leader, start_boottime);
	return 0;
}

#endif
