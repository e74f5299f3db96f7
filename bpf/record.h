/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records: what the probes put into the ring and JavaScript reads.
 *
 * Included by bpf/ and native/. The offsets that JavaScript uses are generated from this file's BTF
 * (scripts/layout.mjs -> src/record/layout.ts), so a field is added here and nowhere else.
 *
 * A record goes through two hands. The probe writes it in the ring as cheaply as it can: times as one
 * u64, paths as a leaf-first run of components. The addon's thread (native/finish.cc) copies it out and
 * finishes it: times as seconds and nanoseconds, paths turned round, strings packed one after the other.
 * Fields marked "addon:" are only valid after that.
 *
 * Every struct is a multiple of 8 bytes, every field 4-byte aligned, so a reader may use 32-bit loads.
 */
#ifndef MAYFLY_RECORD_H
#define MAYFLY_RECORD_H

#ifndef __VMLINUX_TYPES__
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#endif

enum record_kind {
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_TASK = 4,  /* a process found by a scan; same shape as RECORD_EXEC */
	RECORD_CLOCK = 5, /* made by the addon once a second */
	RECORD_SCANNED = 6, /* made by the addon: the end of a scan; same shape as RECORD_CLOCK */
	RECORD_CHANGE = 7,  /* credentials or session became others without an exec (changes.bpf.c) */
};

/* A time. The probe writes ns; the addon rewrites it in place, because 2^53 ns is only 104 days. */
union moment {
	u64 ns;
	struct {
		u32 seconds;
		u32 nanos;
	};
};

struct record_header {
	u32 size; /* bytes of this record, a multiple of 8 */
	u32 kind;
	union moment time;  /* CLOCK_BOOTTIME of the event */
	union moment start; /* start_boottime of the process */
	u64 start_ticks;    /* addon: start in ticks of 10 ms, as in /proc/PID/stat */
	u32 pid;            /* thread group, in the initial pid namespace */
	u32 tid;            /* the thread that acted; on exec its pid before the exec */
};

/* Another process, named by identity. pid 0: there is none. */
struct task_ref {
	union moment start;
	u64 start_ticks; /* addon: */
	u32 pid;
	u32 reserved;
};

/* What can change in every process's life, read on every record. Ids are those of the initial user namespace. */
struct task_state {
	u64 cap_effective;
	u64 cap_permitted;
	u64 cgroup_id; /* of the unified (v2) hierarchy */
	u32 uid;
	u32 gid;
	u32 euid;
	u32 egid;
	u32 suid;
	u32 sgid;
	u32 session;       /* pid of the session leader */
	u32 process_group; /* pid of the group leader */
	u32 tty_major;     /* 0 and 0: no controlling terminal */
	u32 tty_minor;
	u32 vpid; /* pid in the process's own pid namespace */
	u32 mnt_ns; /* namespaces by inode number, as in /proc/PID/ns */
	u32 pid_ns;
	u32 user_ns;
	u32 net_ns;
	u32 uts_ns;
	u32 ipc_ns;
	u32 cgroup_ns;
};

/* Supplementary groups, as the kernel sorts them. Of more than GROUPS_MAX only the number is told. */
#define GROUPS_MAX 31
struct groups {
	u32 count;
	u32 ids[GROUPS_MAX];
};

/* The name that a process goes by in ps: its file's (of a script: the script's), or what prctl(PR_SET_NAME) made of it. */
struct comm {
	u32 text[4]; /* closed by NUL, at most 15 bytes */
};

struct fork_record {
	struct record_header header;
	struct task_state state; /* of the child */
	struct task_ref parent; /* real_parent */
	struct task_ref creator; /* the process that called clone; the child's image is its image */
};

enum image_flag {
	IMAGE_DELETED = 1 << 0, /* no link left to the executable */
	IMAGE_MEMFD = 1 << 1,
	IMAGE_ARGS_TRUNCATED = 1 << 2,
	IMAGE_ARGS_UNREADABLE = 1 << 3,
	IMAGE_EXECUTABLE_TRUNCATED = 1 << 4,
	IMAGE_CWD_TRUNCATED = 1 << 5,
	IMAGE_SCRIPT = 1 << 6, /* asked_path is a script, the image its interpreter */
	IMAGE_NO_CWD = 1 << 7, /* the working directory could not be read at all */
	IMAGE_ASCII = 1 << 8, /* addon: every string is pure ASCII, so bytes are characters */
	IMAGE_NO_EXECUTABLE = 1 << 9, /* the executable could not be read at all (a scan met a dying leader) */
	IMAGE_ARGS_INVALID_UTF8 = 1 << 10, /* addon: */
	IMAGE_ENV_TRUNCATED = 1 << 11, /* the end of the environment was not looked through */
};

struct file_identity {
	u64 inode;
	u64 size;
	s64 mtime_seconds;
	s64 ctime_seconds;
	u32 mtime_nanos;
	u32 ctime_nanos;
	u32 device; /* s_dev as the kernel keeps it: major << 20 | minor */
	u32 mode;
	u32 uid;
	u32 gid;
	u32 nlink;
	u32 reserved;
};

/*
 * An image, for RECORD_EXEC and RECORD_TASK. The strings follow the struct without gaps, in this order:
 * asked path, executable, working directory, args, environment. Sizes are in bytes.
 * In the ring the asked path is closed by NUL, the other two paths are leaf-first components, each closed by
 * NUL, and a size counts the NULs. The addon turns the paths round and takes the NULs off.
 * args stay as the kernel lays them out: each argument closed by NUL. So does the environment, of which the addon leaves
 * the variables that were asked for.
 */
struct exec_record {
	struct record_header header;
	struct task_state state;
	struct task_ref parent; /* real_parent at this moment */
	struct file_identity file;
	struct groups groups;
	struct comm comm;
	u32 flags; /* enum image_flag */
	u32 argc; /* what the kernel counted; 0 on RECORD_TASK: count the args */
	u32 args_length; /* bytes that the process was given */
	u32 args_size; /* bytes of them in this record */
	u32 executable_size;
	u32 cwd_size;
	u32 asked_size; /* the path as given to execve; only for a script (IMAGE_SCRIPT) */
	u32 env_length; /* bytes of the whole environment; 0 when nobody asks for it */
	u32 env_size;
	u32 reserved;
};

struct change_record {
	struct record_header header;
	struct task_state state;
	struct groups groups;
};

#define RECORD_STRINGS(record) ((char *)((record) + 1))

/* Counters of the whole process, threads that ended before included. */
struct usage {
	union moment user; /* addon: scaled as getrusage(2) does */
	union moment system; /* addon: scaled as getrusage(2) does */
	u64 runtime_ns; /* sum of sum_exec_runtime */
	u64 max_rss_pages;
	u64 minor_faults;
	u64 major_faults;
	u64 read_bytes;
	u64 write_bytes;
	u64 voluntary_switches;
	u64 involuntary_switches;
};

enum exit_flag {
	EXIT_USAGE_PARTIAL = 1 << 0, /* more threads than the walk's bound were alive */
};

struct exit_record {
	struct record_header header;
	struct task_state state;
	struct usage usage;
	struct comm comm;
	u32 status; /* as wait(2) gives it: low 7 bits signal, bit 7 core dumped, next 8 the code */
	u32 flags; /* enum exit_flag */
};

/* Both clocks at one moment; header.time is CLOCK_BOOTTIME. */
struct clock_record {
	struct record_header header;
	union moment realtime; /* CLOCK_REALTIME */
	u32 page_size;
	u32 reserved;
};

#endif
