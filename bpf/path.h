/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The path of a dentry, walked from the leaf to the process's own root, written as it is met: leaf first, each
 * component closed by NUL. bpf_d_path is not allowed in tp_btf programs; turning the components round here would cost a second
 * copy, so the addon does it.
 */
#ifndef MAYFLY_PATH_H
#define MAYFLY_PATH_H

#include "core_compat.h"

#define COMPONENT_MAX 256 /* NAME_MAX and the NUL */
/* Components walked at most. A path of PATH_MAX bytes has up to 2,048, plus the mounts it crosses. */
#define WALK_STEPS 2560
#define WALK_STEPS_BOUNDED 64

/* Bytes that the paths of one record may take together, in the small and the large size classes. */
#define PATHS_SMALL 1024
#define PATHS_LARGE (3 * 4096 + 2 * COMPONENT_MAX)

enum walk_end {
	WALK_GOING = 0,
	WALK_ROOT,   /* met the process's root, or the top of its mounts */
	WALK_PSEUDO, /* a file that hangs in no directory (memfd, deleted overlay): only its name is known */
	WALK_FULL,   /* no room for the next component */
	WALK_FAILED,
};

struct walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct dentry *root_dentry;
	struct vfsmount *root_mnt;
	char *out; /* start of the strings */
	u32 at;    /* next free byte */
	u32 end;   /* enum walk_end */
};

/* room is a constant in every caller: the verifier must see that at + COMPONENT_MAX stays within it. */
static __always_inline int write_component(struct walk *w, u32 room)
{
	const struct dentry *dentry = w->dentry;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	u32 at = w->at;
	long n;

	if (at > room - COMPONENT_MAX)
		return WALK_FULL;
	n = bpf_probe_read_kernel_str(w->out + at, COMPONENT_MAX, name);
	if (n <= 0)
		return WALK_FAILED;
	w->at = at + n;
	return WALK_GOING;
}

static __always_inline int walk_step(struct walk *w, u32 room)
{
	struct dentry *dentry = w->dentry, *parent;
	struct vfsmount *mnt = w->mnt;
	int end;

	if (dentry == w->root_dentry && mnt == w->root_mnt)
		return WALK_ROOT;
	if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
		struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return WALK_ROOT;
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return WALK_GOING;
	}
	end = write_component(w, room);
	if (end != WALK_GOING)
		return end;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry)
		return WALK_PSEUDO;
	w->dentry = parent;
	return WALK_GOING;
}

static long step_small(u32 index, struct walk *w)
{
	w->end = walk_step(w, PATHS_SMALL);
	return w->end != WALK_GOING;
}

static long step_large(u32 index, struct walk *w)
{
	w->end = walk_step(w, PATHS_LARGE);
	return w->end != WALK_GOING;
}

/*
 * Walks path up to the task's root. Returns the end met; w->at stands behind the last component.
 * With bounded_for the loop is unrolled by the verifier, for kernels without bpf_loop (before 5.17), and gives up
 * after WALK_STEPS_BOUNDED components.
 */
static __always_inline u32 walk_path(struct walk *w, const struct path *path, const struct fs_struct *fs, bool large,
				     bool bounded_for)
{
	w->dentry = BPF_CORE_READ(path, dentry);
	w->mnt = BPF_CORE_READ(path, mnt);
	w->root_dentry = BPF_CORE_READ(fs, root.dentry);
	w->root_mnt = BPF_CORE_READ(fs, root.mnt);
	w->end = WALK_GOING;
	if (bounded_for) {
#pragma clang loop unroll(disable)
		for (int i = 0; i < WALK_STEPS_BOUNDED && w->end == WALK_GOING; i++)
			w->end = walk_step(w, large ? PATHS_LARGE : PATHS_SMALL);
	} else if (large) {
		bpf_loop(WALK_STEPS, step_large, w, 0);
	} else {
		bpf_loop(WALK_STEPS, step_small, w, 0);
	}
	return w->end == WALK_GOING ? WALK_FULL : w->end;
}

#endif
