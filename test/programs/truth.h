/*
 * How a program of this folder tells its own truth: one JSON object a line on stdout, one write(2) a line, so that
 * lines of a parent and its child never mix.
 *
 *   {"say":"self", ...}   an image describes itself: what the kernel told this very process
 *   {"say":"ended", ...}  a parent describes its dead child: what wait4(2) gave it
 *
 * A role names a process of the program: `main` is the one the test started, others are named by their makers.
 * The role outlives exec (in the environment). Bytes that are no UTF-8 are told as {"hex":"..."} instead of a string.
 * MAYFLY_SCRIPT, set just before an exec, is the script that the next image interprets.
 * MAYFLY_PAUSE_MS sets how long truth_pause() waits between two transitions.
 */
#ifndef MAYFLY_TRUTH_H
#define MAYFLY_TRUTH_H

#define _GNU_SOURCE /* so this header comes before those of the system */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRUTH_FAILED 120 /* exit code of a program that could not do what it is for */

struct line {
	char *at;
	size_t size;
	size_t room;
};

static struct line truth_line;
static int truth_argc;
static char **truth_argv;

static inline void put_bytes(const char *bytes, size_t size)
{
	struct line *line = &truth_line;

	if (line->size + size > line->room) {
		line->room = (line->size + size) * 2;
		line->at = realloc(line->at, line->room);
		if (!line->at)
			err(TRUTH_FAILED, "realloc");
	}
	memcpy(line->at + line->size, bytes, size);
	line->size += size;
}

static inline void put(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	put_bytes(text, vsnprintf(text, sizeof(text), format, list));
	va_end(list);
}

/* Length of the UTF-8 character at s, 0 when there is none (RFC 3629: no surrogates, nothing overlong). */
static inline size_t utf8_length(const unsigned char *s, size_t left)
{
	unsigned low = 0x80, high = 0xbf;
	size_t length, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (left < length || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

static inline bool is_utf8(const unsigned char *s, size_t size)
{
	size_t at, length;

	for (at = 0; at < size; at += length) {
		length = utf8_length(s + at, size - at);
		if (length == 0)
			return false;
	}
	return true;
}

/* A JSON string, or {"hex":"..."} when the bytes are no UTF-8. */
static inline void put_text(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t size = strlen(text), i;

	if (!is_utf8(s, size)) {
		put("{\"hex\":\"");
		for (i = 0; i < size; i++)
			put("%02x", s[i]);
		put("\"}");
		return;
	}
	put("\"");
	for (i = 0; i < size; i++) {
		if (s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			put("\\u%04x", s[i]);
		else
			put_bytes(text + i, 1);
	}
	put("\"");
}

static inline void put_link(const char *name, const char *path)
{
	char target[PATH_MAX + 1];
	ssize_t size = readlink(path, target, PATH_MAX);

	if (size < 0)
		err(TRUTH_FAILED, "readlink %s", path);
	target[size] = '\0';
	put(",\"%s\":", name);
	put_text(target);
}

/*
 * Both clocks at one moment: read again where the processor was taken away in between, as it is from a guest's.
 */
static inline void put_clocks(void)
{
	struct timespec boot, real, after;
	int tries = 0;

	do {
		clock_gettime(CLOCK_BOOTTIME, &boot);
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_BOOTTIME, &after);
	} while ((after.tv_sec - boot.tv_sec) * 1000000000LL + after.tv_nsec - boot.tv_nsec > 1000000 && ++tries < 10);
	put(",\"boot\":{\"seconds\":%lld,\"nanos\":%ld}", (long long)boot.tv_sec, boot.tv_nsec);
	put(",\"real\":{\"seconds\":%lld,\"nanos\":%ld}", (long long)real.tv_sec, real.tv_nsec);
}

/*
 * Fields 1, 4 to 7 and 22 of /proc/self/stat: there the pids are those of the namespace that /proc was mounted in, whatever
 * namespace the process is in itself. The name in field 2 may hold anything, so the rest counts from its last bracket.
 */
static inline void put_stat(void)
{
	int pid, ppid, group, session, tty;
	unsigned long long start;
	char text[1024], *after;
	FILE *file = fopen("/proc/self/stat", "re");
	size_t size;

	if (!file)
		err(TRUTH_FAILED, "/proc/self/stat");
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	after = strrchr(text, ')');
	if (!after || sscanf(text, "%d", &pid) != 1 ||
	    sscanf(after + 2, "%*c %d %d %d %d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ppid,
		   &group, &session, &tty, &start) != 5)
		errx(TRUTH_FAILED, "/proc/self/stat reads: %s", text);
	put(",\"pid\":%d,\"ppid\":%d,\"process_group\":%d,\"session\":%d,\"start_ticks\":%llu", pid, ppid, group,
	    session, start);
	if (tty != 0)
		put(",\"tty\":{\"major\":%d,\"minor\":%d}", tty >> 8 & 0xfff, (tty & 0xff) | (tty >> 12 & 0xfff00));
}

static inline void put_capabilities(void)
{
	char text[256];
	unsigned long long set;
	FILE *file = fopen("/proc/self/status", "re");

	if (!file)
		err(TRUTH_FAILED, "/proc/self/status");
	while (fgets(text, sizeof(text), file)) {
		if (sscanf(text, "CapPrm: %llx", &set) == 1)
			put(",\"permitted\":\"%016llx\"", set);
		if (sscanf(text, "CapEff: %llx", &set) == 1)
			put(",\"effective\":\"%016llx\"", set);
	}
	fclose(file);
}

static inline void put_ids(void)
{
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;

	getresuid(&uid, &euid, &suid);
	getresgid(&gid, &egid, &sgid);
	put(",\"uid\":%u,\"euid\":%u,\"suid\":%u,\"gid\":%u,\"egid\":%u,\"sgid\":%u", uid, euid, suid, gid, egid, sgid);
}

static inline void truth_write(void)
{
	struct line *line = &truth_line;
	size_t at = 0;
	ssize_t wrote;

	put("}\n");
	while (at < line->size) {
		wrote = write(STDOUT_FILENO, line->at + at, line->size - at);
		if (wrote < 0 && errno != EINTR)
			err(TRUTH_FAILED, "write");
		if (wrote > 0)
			at += (size_t)wrote;
	}
	line->size = 0;
}

static inline const char *truth_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

static inline void truth_begin(int argc, char **argv)
{
	truth_argc = argc;
	truth_argv = argv;
}

/* The calling process is `role` from now on, made by `made_by` (the role that is its parent). */
static inline void truth_role(const char *role, const char *made_by)
{
	setenv("MAYFLY_ROLE", role, 1);
	setenv("MAYFLY_MADE_BY", made_by, 1);
}

/* The calling image describes itself. `after`: the transition that it follows, "fork" or "exec". */
static inline void truth_self(const char *after)
{
	int i;

	put("{\"say\":\"self\",\"after\":\"%s\",\"role\":\"%s\",\"made_by\":\"%s\"", after,
	    truth_environment("MAYFLY_ROLE", "main"), truth_environment("MAYFLY_MADE_BY", "test"));
	put_stat();
	put_link("exe", "/proc/self/exe");
	put_link("cwd", "/proc/self/cwd");
	put(",\"args\":[");
	for (i = 0; i < truth_argc; i++) {
		put(i ? "," : "");
		put_text(truth_argv[i]);
	}
	put("]");
	if (getenv("MAYFLY_SCRIPT")) {
		put(",\"script\":");
		put_text(getenv("MAYFLY_SCRIPT"));
	}
	put_ids();
	put_capabilities();
	put_clocks();
	truth_write();
}

/* What the process is after a system call that changed its ids or its session, which gave `result`. */
static inline void truth_changed(const char *transition, long result)
{
	if (result < 0)
		err(TRUTH_FAILED, "%s", transition);
	truth_self(transition);
}

/* Waits for a child and tells how it ended. The child must have reaped no children: wait4 would add theirs. */
static inline int truth_ended(const char *role, pid_t pid)
{
	struct rusage used;
	pid_t ended;
	int status;

	while ((ended = wait4(pid, &status, 0, &used)) < 0)
		if (errno != EINTR)
			err(TRUTH_FAILED, "wait4 %s", role);
	put("{\"say\":\"ended\",\"role\":\"%s\",\"pid\":%d,\"status\":%d", role, ended, status);
	put(",\"user_us\":%lld,\"system_us\":%lld,\"max_rss_kib\":%ld,\"minor_faults\":%ld,\"major_faults\":%ld",
	    used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec,
	    used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec, used.ru_maxrss, used.ru_minflt, used.ru_majflt);
	put(",\"blocks_in\":%ld,\"blocks_out\":%ld,\"voluntary\":%ld,\"involuntary\":%ld", used.ru_inblock,
	    used.ru_oublock, used.ru_nvcsw, used.ru_nivcsw);
	put_clocks();
	truth_write();
	return status;
}

static inline void truth_pause(void)
{
	long ms = atol(truth_environment("MAYFLY_PAUSE_MS", "0"));
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (ms > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* The path of another program of this folder, valid until the next call. */
static inline char *truth_program(const char *name)
{
	static char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 64);

	if (size < 0)
		err(TRUTH_FAILED, "readlink /proc/self/exe");
	path[size] = '\0';
	strcpy(strrchr(path, '/') + 1, name);
	return path;
}

/* Becomes the program `truth`, which describes itself and exits with the number in `code`. */
static inline __attribute__((noreturn)) void truth_exec(const char *code, const char *argument)
{
	char *path = truth_program("truth");

	execl(path, "truth", code, argument, (char *)NULL);
	err(TRUTH_FAILED, "execl %s", path);
}

/* fork(2), where the child has its role and has described itself before this returns 0 there. */
static inline pid_t truth_fork(const char *role, const char *made_by)
{
	pid_t pid = fork();

	if (pid < 0)
		err(TRUTH_FAILED, "fork");
	if (pid == 0) {
		truth_role(role, made_by);
		truth_self("fork");
		truth_pause();
	}
	return pid;
}

#endif
