/*
 * What sudo does with `use_pty`: `sudo_like PROGRAM ARGS...`, from a file with the setuid bit, runs the program as root in a
 * session of its own. Kernel: the setuid exec changes effective and saved ids, setresuid in the child also the real one.
 */
#include "pseudo_terminal.h"

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(64, "which program?");
	if (geteuid() != 0)
		errx(120, "the file needs the setuid bit and has to be root's");
	return on_terminal(0, argv[1], argv + 1);
}
