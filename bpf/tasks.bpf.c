// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The scan: every process that lives now, by a task iterator. An object of its own, so that a kernel that lacks it
 * (copy_from_user_task is of 5.18) still gets the probes; /proc is read there.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "image.h"

/* The kernel hands out 32 KiB at a time and a record must fit whole; longer arguments are read from /proc. */
#define SCAN_ARGS 16384

#define SCAN_RECORD_MAX (sizeof(struct exec_record) + PATHS_LARGE + SCAN_ARGS + 8)

struct scratch {
	char bytes[SCAN_RECORD_MAX];
};

/* One scan at a time: the addon runs it in its one thread. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* A process may have moved its environment (prctl(PR_SET_MM_ENV_START)); then it is not looked for. */
static __always_inline void scan_args(struct exec_record *r, struct walk *w, struct task_struct *task)
{
	unsigned long start = task->mm->arg_start, end = task->mm->arg_end;
	u32 size, at = w->at;

	r->args_length = end - start;
	if (env_max > 0 && task->mm->env_start == end)
		r->env_length = task->mm->env_end - end;
	size = r->args_length;
	if (size > args_max)
		size = args_max;
	else
		size += r->env_length < env_max ? r->env_length : env_max;
	if (size > SCAN_ARGS)
		size = SCAN_ARGS;
	if (at > PATHS_LARGE)
		at = PATHS_LARGE;
	if (size < r->args_length)
		r->flags |= IMAGE_ARGS_TRUNCATED;
	if (r->env_length && size < (u64)r->args_length + r->env_length)
		r->flags |= IMAGE_ENV_TRUNCATED;
	if (bpf_copy_from_user_task(w->out + at, size, (const void *)start, task, 0)) {
		r->flags |= IMAGE_ARGS_UNREADABLE | (r->env_length ? IMAGE_ENV_TRUNCATED : 0);
		size = 0;
	}
	r->args_size = size < r->args_length ? size : r->args_length;
	r->env_size = size - r->args_size;
}

static __always_inline void scan_image(struct exec_record *r, struct walk *w, struct task_struct *task)
{
	const struct file *file = task->mm->exe_file;

	if (!task->mm || !file) {
		r->flags |= IMAGE_NO_EXECUTABLE | IMAGE_NO_CWD;
		return;
	}
	fill_paths(r, w, file, task->fs, true, false);
	r->flags |= fill_file(&r->file, file);
	scan_args(r, w, task);
}

SEC("iter.s/task")
int mayfly_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scratch *s;
	u32 zero = 0;
	u64 size;

	if (!task || task->pid != task->tgid || task->signal->live.counter == 0 || !is_watched(task))
		return 0;
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;

	struct exec_record *r = (void *)s->bytes;
	struct walk w = {.out = RECORD_STRINGS(r)};

	__builtin_memset(r, 0, sizeof(*r));
	fill_state(&r->state, task);
	fill_groups(&r->groups, task->real_cred);
	fill_comm(&r->comm, task);
	fill_ref(&r->parent, task->real_parent);
	scan_image(r, &w, task);
	size = (sizeof(*r) + w.at + r->args_size + r->env_size + 7) & ~7ULL; /* so that the next one is aligned */
	fill_header(&r->header, RECORD_TASK, size, task);

	barrier_var(size); /* or clang tests a copy of it and the verifier does not learn the bound */
	if (size > sizeof(*s))
		return 0; /* cannot be: for the verifier, which lost track of the sum */
	bpf_seq_write(ctx->meta->seq, s, size);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
