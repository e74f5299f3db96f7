/*
 * The image that the other programs become: it describes itself and exits with the number in argv[1].
 * argv[1] may also come from the first line of a script (program `script`).
 */
#include "truth.h"

int main(int argc, char **argv)
{
	truth_begin(argc, argv);
	truth_self("exec");
	truth_pause();
	return argc > 1 ? atoi(argv[1]) : 0;
}
