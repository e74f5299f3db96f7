/*
 * What sshd does: `sshd_like PROGRAM ARGS...` listens on 127.0.0.1, tells its port, and for the one connection that it takes
 * forks a process that holds it, which runs the program as user 65534 in a session of its own on a terminal. Kernel: the
 * entry leader's parent is an image named sshd that never execs again.
 */
#include "pseudo_terminal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

static struct sockaddr_in listening_on(int listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		err(120, "127.0.0.1");
	return address;
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), connection, status;
	struct sockaddr_in here, peer;
	socklen_t size = sizeof(peer);
	char text[64];
	pid_t session;

	if (argc < 2)
		errx(64, "which program?");
	here = listening_on(listener);
	printf("port %u\n", ntohs(here.sin_port));
	fflush(stdout);
	connection = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
	if (connection < 0)
		err(120, "accept");
	session = fork();
	if (session < 0)
		err(120, "fork");
	if (session == 0) {
		snprintf(text, sizeof(text), "127.0.0.1 %u 127.0.0.1 %u", ntohs(peer.sin_port), ntohs(here.sin_port));
		setenv("SSH_CONNECTION", text, 1);
		_exit(on_terminal(65534, argv[1], argv + 1));
	}
	close(connection);
	if (waitpid(session, &status, 0) < 0)
		err(120, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 120;
}
