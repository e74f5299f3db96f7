/*
 * Working directories that are hard to tell: `deep`, 60 folders of 50 letters, the path longer than 3,000 bytes; `deleted`,
 * one that is removed while the process stands in it. Kernel: task->fs->pwd; a removed dentry still has its name and parent.
 *
 * run: deep
 * run: deleted
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#include <sys/stat.h>

#define DEEP 60
static const char name[] = "ddddddddddddddddddddddddddddddddddddddddddddddddd";

static void enter(const char *folder)
{
	if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || chdir(folder) < 0)
		err(TRUTH_FAILED, "%s", folder);
}

int main(int argc, char **argv)
{
	char top[] = "/tmp/mayfly-folder-XXXXXX";
	bool deep = argc > 1 && strcmp(argv[1], "deep") == 0;
	int level;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(top) || chdir(top) < 0)
		err(TRUTH_FAILED, "%s", top);
	for (level = 0; deep && level < DEEP; level++)
		enter(name);
	if (!deep && rmdir(top) < 0)
		err(TRUTH_FAILED, "%s", top);
	child = truth_fork("child", "main");
	if (child == 0)
		truth_exec("0", "far away");
	truth_ended("child", child);
	for (; level > 0; level--)
		if (chdir("..") < 0 || rmdir(name) < 0)
			err(TRUTH_FAILED, "%s", name);
	rmdir(top);
	return 0;
}
