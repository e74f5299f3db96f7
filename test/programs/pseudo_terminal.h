/* Runs a program as the first of a session of its own, on a new pseudo terminal and as another user: as sudo and sshd do. */
#ifndef MAYFLY_PSEUDO_TERMINAL_H
#define MAYFLY_PSEUDO_TERMINAL_H

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void terminal_child(const char *terminal, uid_t user, const char *program, char **argv)
{
	int fd;

	if (setsid() < 0 || (fd = open(terminal, O_RDWR | O_NOCTTY)) < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		err(120, "controlling terminal %s", terminal);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
		err(120, "user %u", user);
	execvp(program, argv);
	err(120, "%s", program);
}

/* Copies what it writes to stdout until it ends; its exit code. The group has the number of the user. */
static inline int on_terminal(uid_t user, const char *program, char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	char text[512];
	ssize_t size;
	pid_t child;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		err(120, "posix_openpt");
	child = fork();
	if (child < 0)
		err(120, "fork");
	if (child == 0)
		terminal_child(ptsname(master), user, program, argv);
	/* The last descriptor of the other side closes: EIO. */
	while ((size = read(master, text, sizeof(text))) > 0 || waitpid(child, &status, WNOHANG) == 0) {
		if (size > 0 && write(STDOUT_FILENO, text, (size_t)size) < 0)
			err(120, "write");
		if (size <= 0)
			usleep(1000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 120;
}

#endif
