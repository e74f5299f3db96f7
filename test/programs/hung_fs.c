/*
 * A file system that hangs, as a dead NFS server or a FUSE daemon does: `hung_fs FOLDER open|read|stat` mounts one with the files `hung`
 * and `other` of 4096 bytes, says "ready" and answers everything but that request for `hung`: then it says "hangs". Who waits for the answer cannot even be
 * killed: the request has been taken and may still be answered. While this program is stopped (SIGSTOP) nothing is taken, and who
 * waits then can be killed. Ends, and lets go of who waits, at the end of its stdin. Speaks FUSE by itself: linux/fuse.h.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, HUNG, OTHER, SIZE = 4096 };

static int fuse;
static unsigned int hangs;

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static void reply(const struct fuse_in_header *in, int error, const void *body, size_t size)
{
	struct fuse_out_header out = {.len = sizeof(out) + size, .error = -error, .unique = in->unique};
	struct iovec parts[] = {{&out, sizeof(out)}, {(void *)body, size}};

	/* ENOENT: who asked has been killed meanwhile. */
	if (writev(fuse, parts, 2) < 0 && errno != ENOENT)
		err(1, "/dev/fuse");
}

static struct fuse_attr attributes(unsigned long node)
{
	struct fuse_attr attr = {
		.ino = node,
		.size = SIZE,
		.mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0755,
		.nlink = 1,
		.mtime = 1700000000,
		.ctime = 1700000000,
		.ctimensec = 123456789,
	};

	return attr;
}

static void lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out entry = {.nodeid = !strcmp(name, "hung") ? HUNG : OTHER, .entry_valid = 1000};

	if (entry.nodeid == OTHER && strcmp(name, "other")) {
		reply(in, ENOENT, NULL, 0);
		return;
	}
	entry.attr = attributes(entry.nodeid);
	/* No attr_valid: every stat asks. */
	reply(in, 0, &entry, sizeof(entry));
}

static void answer(const struct fuse_in_header *in)
{
	static const char content[SIZE];
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
	struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
	/* Direct: a reader of the page cache could be killed. */
	struct fuse_open_out open = {.open_flags = FOPEN_DIRECT_IO};
	struct fuse_statfs_out statfs = {.st = {.bsize = 4096}};
	const struct fuse_read_in *read = (const void *)(in + 1);

	if (in->opcode == hangs && in->nodeid == HUNG) {
		say("hangs");
		return;
	}
	switch (in->opcode) {
	case FUSE_INIT:
		reply(in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		lookup(in, (const char *)(in + 1));
		break;
	case FUSE_GETATTR:
		reply(in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		reply(in, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		reply(in, 0, content, read->offset >= SIZE ? 0 : read->size < SIZE ? read->size : SIZE);
		break;
	case FUSE_STATFS:
		reply(in, 0, &statfs, sizeof(statfs));
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		reply(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char options[64];

	if (argc != 3)
		errx(2, "FOLDER open|read|stat");
	hangs = !strcmp(argv[2], "open") ? FUSE_OPEN : !strcmp(argv[2], "read") ? FUSE_READ : FUSE_GETATTR;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		err(1, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (mount("hung", argv[1], "fuse", 0, options) < 0)
		err(1, "%s", argv[1]);
	say("ready");
	fds[1].fd = fuse;
	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		if (!fds[1].revents)
			continue;
		if (read(fuse, request, sizeof(request)) > 0)
			answer((const void *)request);
		else if (errno != ENOENT && errno != EINTR && errno != EAGAIN)
			break;
	}
	umount2(argv[1], MNT_DETACH);
	return 0;
}
