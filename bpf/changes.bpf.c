// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Credentials and sessions that become others without an exec. An object of its own, loaded only where somebody asks for it, and in
 * one of two ways (native/changes.cc):
 *
 * - where fentry attaches: commit_creds(), through which every change of a task's credentials goes, and ksys_setsid()
 * - elsewhere: the exits of the system calls that change them. One such tracepoint makes every system call of every process
 *   go the slow way: getppid(2) 100 -> 110 ns.
 *
 * Both tell what is true after the change. A call that changes nothing needs no privilege and can be made 500,000 times a second, so
 * what was told of a process last is kept here, and told once. The credentials of a process are those of its leader, as in
 * /proc/PID/status: libc makes the other threads follow it.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "ring.h"
#include "task.h"
#include "twin.h"

/* Ids, capabilities, groups and session of a process as they were told last. */
struct told {
	u64 start;
	u64 cap_effective;
	u64 cap_permitted;
	const struct group_info *groups;
	u32 ids[6];
	u32 session;
	u32 user_ns;
};

/* Processes that changed last; of one that fell out the next call is told, whether it changed anything or not. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct told);
} last_told SEC(".maps");

static __always_inline void fill_told(struct told *t, const struct task_struct *task, const struct cred *cred)
{
	__builtin_memset(t, 0, sizeof(*t));
	t->start = task->group_leader->start_boottime;
	read_capabilities(cred, &t->cap_effective, &t->cap_permitted);
	t->groups = cred->group_info;
	t->ids[0] = cred->uid.val;
	t->ids[1] = cred->gid.val;
	t->ids[2] = cred->euid.val;
	t->ids[3] = cred->egid.val;
	t->ids[4] = cred->suid.val;
	t->ids[5] = cred->sgid.val;
	t->session = task->signal->pids[PIDTYPE_SID]->numbers[0].nr;
	t->user_ns = cred->user_ns->ns.inum;
}

static __always_inline bool is_told(const struct task_struct *task, const struct cred *cred)
{
	struct told now, *last;
	u32 pid = task->tgid;
	bool same;

	fill_told(&now, task, cred);
	last = bpf_map_lookup_elem(&last_told, &pid);
	same = last && last->start == now.start && last->cap_effective == now.cap_effective &&
	       last->cap_permitted == now.cap_permitted && last->groups == now.groups && last->ids[0] == now.ids[0] &&
	       last->ids[1] == now.ids[1] && last->ids[2] == now.ids[2] && last->ids[3] == now.ids[3] &&
	       last->ids[4] == now.ids[4] && last->ids[5] == now.ids[5] && last->session == now.session &&
	       last->user_ns == now.user_ns;
	if (!same)
		bpf_map_update_elem(&last_told, &pid, &now, 0);
	return same;
}

static __always_inline int on_change(struct task_struct *task, const struct cred *cred)
{
	struct change_record *r;

	if (!is_watched(task) || is_told(task, cred))
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
static __always_inline int on_commit(const struct cred *cred)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->pid != task->tgid || BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	return on_change(task, cred);
}

static __always_inline int on_setsid(int session)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return session > 0 ? on_change(task, task->group_leader->real_cred) : 0;
}

SEC("?fentry/commit_creds")
int BPF_PROG(mayfly_commit_creds, const struct cred *cred)
{
	leave_mark(RECORD_CHANGE);
	return on_commit(cred);
}

SEC("?fentry/commit_creds")
int BPF_PROG(mayfly_commit_creds_twin, const struct cred *cred)
{
	return is_needed(RECORD_CHANGE) ? on_commit(cred) : 0;
}

SEC("?fexit/ksys_setsid")
int BPF_PROG(mayfly_setsid, int session)
{
	leave_mark(RECORD_CHANGE);
	return on_setsid(session);
}

SEC("?fexit/ksys_setsid")
int BPF_PROG(mayfly_setsid_twin, int session)
{
	return is_needed(RECORD_CHANGE) ? on_setsid(session) : 0;
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
