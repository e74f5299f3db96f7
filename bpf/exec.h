/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * do_execveat_common() -> exec_binprm() -> trace_sched_process_exec(), after the point of no return
 *
 * The new image is in place (mm, credentials, name), the process runs nothing of it yet. An exec from a thread has become
 * the leader by now; old_pid is the pid that thread had.
 */
#ifndef MAYFLY_EXEC_H
#define MAYFLY_EXEC_H

#include "image.h"
#include "ring.h"
#include "twin.h"

/*
 * Room for the strings of one record. The ring wants a constant size, so there are classes: chosen by the length of the
 * arguments, which is known, and raised when the paths turn out long. Room that is reserved and not used costs ring,
 * not time: only bytes that are written are touched.
 */
#define ARGS_0 512
#define ARGS_1 4096
#define ARGS_2 (32 * 1024)
#define ARGS_3 (128 * 1024)
#define ARGS_4 (512 * 1024)
#define RECORD_SIZE(paths, args) (sizeof(struct exec_record) + (paths) + (args) + 8)

static __always_inline u32 size_class(u32 args_size)
{
	return args_size <= ARGS_0   ? 0
	       : args_size <= ARGS_1 ? 1
	       : args_size <= ARGS_2 ? 2
	       : args_size <= ARGS_3 ? 3
				     : 4;
}

/* The script that execve was given, where an interpreter runs it. */
static __always_inline bool fill_asked(struct exec_record *r, struct walk *w, const struct linux_binprm *bprm,
				       bool large)
{
	const char *filename = bprm->filename;
	long n;

	r->asked_size = 0;
	if (filename == bprm->interp)
		return true;
	r->flags |= IMAGE_SCRIPT;
	if (large)
		n = bpf_probe_read_kernel_str(w->out, 4096, filename);
	else
		n = bpf_probe_read_kernel_str(w->out, PATHS_SMALL / 2, filename);
	if (n <= 0)
		return true;
	if (!large && n == PATHS_SMALL / 2)
		return false;
	r->asked_size = n;
	w->at = n;
	return true;
}

/* Bytes of arguments and environment that are wanted. Of arguments that are cut the environment is not reached. */
static __always_inline u64 wanted_bytes(u64 args, u64 env)
{
	if (args > args_max)
		return args_max;
	return args + (env < env_max ? env : env_max);
}

/*
 * The arguments lie on the new stack, written by this very execve, so the pages are there; if one was swapped out
 * already the whole read fails and says so. The environment begins where they end: one helper call reads both.
 */
static __always_inline void fill_args(struct exec_record *r, struct walk *w, unsigned long start, u32 room, u32 paths)
{
	u64 size = wanted_bytes(r->args_length, r->env_length), at = w->at;

	barrier_var(size);
	barrier_var(at);
	if (size > room)
		size = room;
	if (at > paths)
		at = paths;
	if (size < r->args_length)
		r->flags |= IMAGE_ARGS_TRUNCATED;
	if (r->env_length && size < (u64)r->args_length + r->env_length)
		r->flags |= IMAGE_ENV_TRUNCATED;
	if (bpf_probe_read_user(w->out + at, size, (const void *)start)) {
		r->flags |= IMAGE_ARGS_UNREADABLE | (r->env_length ? IMAGE_ENV_TRUNCATED : 0);
		size = 0;
	}
	r->args_size = size < r->args_length ? size : r->args_length;
	r->env_size = size - r->args_size;
}

/* Returns false when the paths need a large class. */
static __always_inline bool fill_exec(struct exec_record *r, struct task_struct *task, u32 old_pid,
				      struct linux_binprm *bprm, u32 room, bool large, bool bounded_for)
{
	struct walk w = {.out = RECORD_STRINGS(r)};
	const struct mm_struct *mm = task->mm;

	r->flags = 0;
	if (!fill_asked(r, &w, bprm, large) || !fill_paths(r, &w, bprm->file, task->fs, large, bounded_for))
		return false;
	r->args_length = mm->arg_end - mm->arg_start;
	r->env_length = env_max > 0 ? mm->env_end - mm->env_start : 0;
	fill_args(r, &w, mm->arg_start, room, large ? PATHS_LARGE : PATHS_SMALL);
	r->argc = bprm->argc;
	r->flags |= fill_file(&r->file, bprm->file);
	fill_state(&r->state, task);
	fill_groups(&r->groups, task->real_cred);
	fill_comm(&r->comm, task);
	fill_ref(&r->parent, task->real_parent);
	r->reserved = 0;
	fill_header(&r->header, RECORD_EXEC, sizeof(*r) + w.at + r->args_size + r->env_size, task);
	r->header.tid = old_pid;
	return true;
}

static __always_inline bool try_class(u32 paths, u32 args, struct task_struct *task, u32 old_pid,
				      struct linux_binprm *bprm, bool bounded_for, bool *too_small)
{
	struct exec_record *r = bpf_ringbuf_reserve(&ring, RECORD_SIZE(paths, args), 0);

	if (!r)
		return false;
	if (!fill_exec(r, task, old_pid, bprm, args, paths == PATHS_LARGE, bounded_for)) {
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		*too_small = true;
		return false;
	}
	bpf_ringbuf_submit(r, wakeup_flag());
	return true;
}

static __always_inline int on_exec(struct task_struct *task, u32 old_pid, struct linux_binprm *bprm, bool bounded_for)
{
	const struct mm_struct *mm = task->mm;
	bool too_small = false, done = false;
	u32 class;

	if (!is_watched(task))
		return 0;

	class = size_class(wanted_bytes(mm->arg_end - mm->arg_start, env_max > 0 ? mm->env_end - mm->env_start : 0));
	if (class == 0)
		done = try_class(PATHS_SMALL, ARGS_0, task, old_pid, bprm, bounded_for, &too_small);
	else if (class == 1)
		done = try_class(PATHS_SMALL, ARGS_1, task, old_pid, bprm, bounded_for, &too_small);
	if (class == 2 || too_small)
		done = try_class(PATHS_LARGE, ARGS_2, task, old_pid, bprm, bounded_for, &too_small);
	else if (class == 3)
		done = try_class(PATHS_LARGE, ARGS_3, task, old_pid, bprm, bounded_for, &too_small);
	else if (class == 4)
		done = try_class(PATHS_LARGE, ARGS_4, task, old_pid, bprm, bounded_for, &too_small);
	/* The ring has no room for a large record: a short one is better than none, and says that it is short. */
	if (!done && class > 0 && !too_small)
		done = try_class(PATHS_SMALL, ARGS_0, task, old_pid, bprm, bounded_for, &too_small);
	if (!done)
		count_lost(RECORD_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(mayfly_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	leave_mark(RECORD_EXEC);
	return on_exec(task, old_pid, bprm, false);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(mayfly_exec_twin, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return is_needed(RECORD_EXEC) ? on_exec(task, old_pid, bprm, false) : 0;
}

/* For kernels without bpf_loop; the addon loads one of the two. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(mayfly_exec_bounded, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, old_pid, bprm, true);
}

#endif
