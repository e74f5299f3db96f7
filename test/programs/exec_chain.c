/*
 * One process, three images: A becomes B becomes C (as `sh -c exec` does). Kernel: begin_new_exec twice more in the same
 * thread group; pid and start time stay.
 *
 * together: main fork+exec, exec, exec+end
 * apart: main fork+exec, exec, exec, end
 */
#include "truth.h"

int main(int argc, char **argv)
{
	const char *stage = argc > 1 ? argv[1] : "A";
	char *next = stage[0] == 'A' ? "B" : "C";

	truth_begin(argc, argv);
	truth_self("exec");
	truth_pause();
	if (stage[0] == 'C')
		return 5;
	execl("/proc/self/exe", argv[0], next, (char *)NULL);
	err(TRUTH_FAILED, "execl");
}
