/* cc: -shared -fPIC */
/*
 * A shared object that another program is made to load, by LD_PRELOAD or as an auditor of the dynamic linker by LD_AUDIT:
 * it says so on stderr and does nothing else.
 */
#include <unistd.h>

static const char words[] = "somebody else's code was loaded\n";

unsigned int la_version(unsigned int version);

__attribute__((constructor)) static void loaded(void)
{
	(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
}

unsigned int la_version(unsigned int version)
{
	return version;
}
