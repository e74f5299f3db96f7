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
	struct dentry *mnt_root; /* of mnt */
	struct dentry *root_dentry;
	struct vfsmount *root_mnt;
	char *out; /* start of the strings */
	u32 at;    /* next free byte */
	u32 end;   /* enum walk_end */
};

/* The two members of a dentry that a step needs. On all kernels so far they lie side by side: one helper call for both. */
struct dentry_link {
	struct dentry *parent;
	u64 hash_and_length;
	const unsigned char *name;
};

static __always_inline void read_link(struct dentry_link *link, const struct dentry *dentry)
{
	if (bpf_core_field_offset(struct dentry, d_name.name) == bpf_core_field_offset(struct dentry, d_parent) + 16) {
		bpf_probe_read_kernel(link, sizeof(*link), __builtin_preserve_access_index(&dentry->d_parent));
	} else {
		link->parent = BPF_CORE_READ(dentry, d_parent);
		link->name = BPF_CORE_READ(dentry, d_name.name);
	}
}

/* From the root of a mount to the directory that it is mounted on. */
static __always_inline int cross_mount(struct walk *w)
{
	struct vfsmount *mnt = w->mnt;
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	struct mount *above = BPF_CORE_READ(mount, mnt_parent);

	if (above == mount)
		return WALK_ROOT;
	w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
	w->mnt = mnt;
	w->mnt_root = BPF_CORE_READ(mnt, mnt_root);
	return WALK_GOING;
}

/* room is a constant in every caller: the verifier must see that at + COMPONENT_MAX stays within it. */
static __always_inline int walk_step(struct walk *w, u32 room)
{
	struct dentry *dentry = w->dentry;
	struct dentry_link link;
	u64 at = w->at;
	long n;

	if (dentry == w->root_dentry && w->mnt == w->root_mnt)
		return WALK_ROOT;
	if (dentry == w->mnt_root)
		return cross_mount(w);
	barrier_var(at); /* or clang tests one copy and uses another, of which the verifier knows no bound */
	if (at > room - COMPONENT_MAX)
		return WALK_FULL;
	read_link(&link, dentry);
	n = bpf_probe_read_kernel_str(w->out + at, COMPONENT_MAX, link.name);
	if (n <= 0)
		return WALK_FAILED;
	w->at = at + n;
	if (link.parent == dentry)
		return WALK_PSEUDO;
	w->dentry = link.parent;
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

/* The walk for kernels without bpf_loop. */
static __always_inline void walk_bounded(struct walk *w, u32 room, u32 *forget)
{
	w->at = forgotten(w->at, forget);
#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_BOUNDED && w->end == WALK_GOING; i++) {
		w->end = walk_step(w, room);
		w->at = forgotten(w->at, forget);
	}
	w->end = forgotten(w->end, forget);
}

/*
 * Walks path up to the task's root. Returns the end met; w->at stands behind the last component.
 * With bounded_for it gives up after WALK_STEPS_BOUNDED components; forget is a word of the record that nobody needs yet.
 */
static __always_inline u32 walk_path(struct walk *w, const struct path *path, const struct fs_struct *fs, bool large,
				     bool bounded_for, u32 *forget)
{
	if (bounded_for) {
		/* Plain numbers from the start, as they are after a step: pointers would be other states. */
		w->dentry = BPF_CORE_READ(path, dentry);
		w->mnt = BPF_CORE_READ(path, mnt);
		w->mnt_root = BPF_CORE_READ(path, mnt, mnt_root);
	} else {
		w->dentry = path->dentry;
		w->mnt = path->mnt;
		w->mnt_root = path->mnt->mnt_root;
	}
	w->root_dentry = fs->root.dentry;
	w->root_mnt = fs->root.mnt;
	w->end = WALK_GOING;
	if (bounded_for) {
		walk_bounded(w, large ? PATHS_LARGE : PATHS_SMALL, forget);
	} else if (large) {
		bpf_loop(WALK_STEPS, step_large, w, 0);
	} else {
		bpf_loop(WALK_STEPS, step_small, w, 0);
	}
	return w->end == WALK_GOING ? WALK_FULL : w->end;
}

#endif
