// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Credentials and sessions that become others without an exec. An object of its own, loaded only where somebody asks for it, and in
 * one of two ways (native/changes.cc):
 *
 * - where fentry attaches: commit_creds(), through which every change of a task's credentials goes, and ksys_setsid()
 * - elsewhere: the exits of the system calls that change them. One such tracepoint makes every system call of every process
 *   go the slow way: getppid(2) 100 -> 110 ns.
 *
 * Both tell what is true after the change; what did not change is found out where the records are read. The credentials of a
 * process are those of its leader, as in /proc/PID/status: libc makes the other threads follow it.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "ring.h"
#include "task.h"

static __always_inline int on_change(struct task_struct *task, const struct cred *cred)
{
	struct change_record *r;

	if (!is_watched(task))
		return 0;

	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count_lost(RECORD_CHANGE);
		return 0;
	}

	fill_header(&r->header, RECORD_CHANGE, sizeof(*r), task);
	fill_state(&r->state, task);
	fill_credentials(&r->state, cred);
	fill_groups(&r->groups, cred);

	bpf_ringbuf_submit(r, wakeup_flag());
	return 0;
}

/* An exec commits credentials too; those stand in its own record. */
SEC("?fentry/commit_creds")
int BPF_PROG(mayfly_commit_creds, const struct cred *cred)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->pid != task->tgid || BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	return on_change(task, cred);
}

SEC("?fexit/ksys_setsid")
int BPF_PROG(mayfly_setsid, int session)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return session > 0 ? on_change(task, task->group_leader->real_cred) : 0;
}

/* events/syscalls/sys_exit_NAME/format, the same on all kernels */
struct sys_exit {
	u64 common;
	s64 nr;
	s64 ret;
};

SEC("?tracepoint")
int mayfly_sys_exit(const struct sys_exit *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return ctx->ret >= 0 ? on_change(task, task->group_leader->real_cred) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
