/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every difference between kernels, one block each, naming the version. A member that the running kernel lacks
 * is tested with bpf_core_field_exists: libbpf turns the test into a constant when it loads the object, and the
 * verifier drops the branch that is not taken.
 */
#ifndef MAYFLY_CORE_COMPAT_H
#define MAYFLY_CORE_COMPAT_H

#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Before 6.3 kernel_cap_t is two 32-bit words ("capability: just use a 'u64' instead of a 'u32[2]' array"). */
struct kernel_cap___u32 {
	u32 cap[2];
};
struct cred___cap_u32 {
	struct kernel_cap___u32 cap_effective;
	struct kernel_cap___u32 cap_permitted;
};
struct kernel_cap___u64 {
	u64 val;
};
struct cred___cap_u64 {
	struct kernel_cap___u64 cap_effective;
	struct kernel_cap___u64 cap_permitted;
};

/* i_mtime and i_ctime: timespec64 until 6.5; i_ctime is __i_ctime from 6.6, i_mtime __i_mtime from 6.7; plain members from 6.11. */
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
struct inode___timespec {
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
};
struct inode___ctime_6_6 {
	struct timespec64 __i_ctime;
};
struct inode___mtime_6_7 {
	struct timespec64 __i_mtime;
};
struct inode___6_11 {
	s64 i_mtime_sec;
	s64 i_ctime_sec;
	u32 i_mtime_nsec;
	u32 i_ctime_nsec;
};

/* CONFIG_TASK_IO_ACCOUNTING may be off. */
struct task_io_accounting___maybe {
	u64 read_bytes;
	u64 write_bytes;
};

#pragma clang attribute pop

/*
 * Before 5.17 there is no bpf_loop: exec has a second program there, whose loops are plain ones (mayfly_exec_bounded). The verifier
 * goes through every turn of those, and after each through the rest of the program, once for every state a turn can leave it in.
 * Of a value that it reads back from the record it knows nothing, so all those states are one: with this 5.10 goes through 300,000
 * instructions, without it through more than its limit of 1,000,000. `word` is a word of the record that nobody needs yet.
 */
static __always_inline u32 forgotten(u32 value, volatile u32 *word)
{
	*word = value;
	return *word;
}

/*
 * Three more differences are found by the addon (native/probes.cc), because no program can ask for them: before 5.18 there is no
 * copy_from_user_task, and tasks.bpf.c is not loaded; from 6.16 sched_process_exit says whether it was the last thread
 * (exit_has_group_dead); from 7.0 hooks can be preempted (twin.h).
 */

static __always_inline void read_capabilities(const struct cred *cred, u64 *effective, u64 *permitted)
{
	const struct cred___cap_u64 *now = (const void *)cred;
	const struct cred___cap_u32 *old = (const void *)cred;

	if (bpf_core_field_exists(now->cap_effective.val)) {
		*effective = now->cap_effective.val;
		*permitted = now->cap_permitted.val;
	} else {
		*effective = old->cap_effective.cap[0] | (u64)old->cap_effective.cap[1] << 32;
		*permitted = old->cap_permitted.cap[0] | (u64)old->cap_permitted.cap[1] << 32;
	}
}

/* From 6.13 bit 31 of i_ctime_nsec says that the time was asked for (multigrain timestamps); it is no part of the time. */
#define CTIME_QUERIED (1U << 31)

static __always_inline void read_inode_times(const struct inode *inode, struct file_identity *out)
{
	const struct inode___6_11 *now = (const void *)inode;
	const struct inode___mtime_6_7 *mtime_6_7 = (const void *)inode;
	const struct inode___ctime_6_6 *ctime_6_6 = (const void *)inode;
	const struct inode___timespec *old = (const void *)inode;

	if (bpf_core_field_exists(now->i_mtime_sec)) {
		out->mtime_seconds = now->i_mtime_sec;
		out->mtime_nanos = now->i_mtime_nsec;
	} else if (bpf_core_field_exists(mtime_6_7->__i_mtime)) {
		out->mtime_seconds = mtime_6_7->__i_mtime.tv_sec;
		out->mtime_nanos = mtime_6_7->__i_mtime.tv_nsec;
	} else {
		out->mtime_seconds = old->i_mtime.tv_sec;
		out->mtime_nanos = old->i_mtime.tv_nsec;
	}
	if (bpf_core_field_exists(now->i_ctime_sec)) {
		out->ctime_seconds = now->i_ctime_sec;
		out->ctime_nanos = now->i_ctime_nsec & ~CTIME_QUERIED;
	} else if (bpf_core_field_exists(ctime_6_6->__i_ctime)) {
		out->ctime_seconds = ctime_6_6->__i_ctime.tv_sec;
		out->ctime_nanos = ctime_6_6->__i_ctime.tv_nsec;
	} else {
		out->ctime_seconds = old->i_ctime.tv_sec;
		out->ctime_nanos = old->i_ctime.tv_nsec;
	}
}

static __always_inline void add_io(struct usage *usage, const struct task_io_accounting *io)
{
	const struct task_io_accounting___maybe *maybe = (const void *)io;

	if (bpf_core_field_exists(maybe->read_bytes)) {
		usage->read_bytes += maybe->read_bytes;
		usage->write_bytes += maybe->write_bytes;
	}
}

#endif
