/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What counter.bpf.c keeps and counter.c prints. */
#ifndef ORACLE_COUNTS_H
#define ORACLE_COUNTS_H

/* A process: a pid alone is given to another one day. */
struct life {
	__u64 start; /* ns since boot */
	__u64 pid;
};

struct counts {
	__u64 threads; /* that live now */
	__u64 forks;   /* of itself: 1 */
	__u64 execs;
	__u64 ends;
	__u64 children; /* that are its own by getppid */
};

#endif
