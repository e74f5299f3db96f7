/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What runs: the file, its path, the working directory. Shared by the exec hook and the scan. */
#ifndef MAYFLY_IMAGE_H
#define MAYFLY_IMAGE_H

#include "path.h"
#include "task.h"

static __always_inline u32 fill_file(struct file_identity *out, const struct file *file)
{
	const struct inode *inode = file->f_inode;

	out->inode = inode->i_ino;
	out->size = inode->i_size;
	out->device = inode->i_sb->s_dev;
	out->mode = inode->i_mode;
	out->uid = inode->i_uid.val;
	out->gid = inode->i_gid.val;
	out->nlink = inode->i_nlink;
	read_inode_times(inode, out);
	return out->nlink == 0 ? IMAGE_DELETED : 0;
}

/* A memfd is a file of the kernel's own tmpfs mount that hangs in no directory; its dentry is named memfd:NAME. */
static __always_inline bool is_memfd_name(const char *name)
{
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
}

/*
 * Writes the executable's path and the working directory behind w->at and notes their sizes and flags.
 * Returns false when they do not fit a small class: the caller tries again with a large one.
 */
static __always_inline bool fill_paths(struct exec_record *r, struct walk *w, const struct file *file,
				       const struct fs_struct *fs, bool large, bool bounded_for)
{
	u32 from = w->at, end;

	end = walk_path(w, &file->f_path, fs, large, bounded_for, &r->reserved);
	if (end == WALK_FULL && !large)
		return false;
	if (end == WALK_FULL || end == WALK_FAILED)
		r->flags |= IMAGE_EXECUTABLE_TRUNCATED;
	if (end == WALK_PSEUDO && from <= (large ? PATHS_LARGE : PATHS_SMALL) - COMPONENT_MAX &&
	    is_memfd_name(w->out + from))
		r->flags |= IMAGE_MEMFD;
	r->executable_size = w->at - from;

	from = w->at;
	end = walk_path(w, &fs->pwd, fs, large, bounded_for, &r->reserved);
	if (end == WALK_FULL && !large)
		return false;
	if (end == WALK_FAILED)
		r->flags |= IMAGE_NO_CWD;
	if (end == WALK_FULL)
		r->flags |= IMAGE_CWD_TRUNCATED;
	r->cwd_size = w->at - from;
	return true;
}

#endif
