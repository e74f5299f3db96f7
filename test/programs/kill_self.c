/*
 * A child dies by the signal in argv[1]; with a second argument `core` it allows a core dump, in a folder that is
 * removed afterwards. Kernel: get_signal -> vfs_coredump -> do_group_exit(signal | 0x80 when dumped).
 *
 * run: 9
 * run: 15
 * run: 11 core
 * run: 37
 * together: main fork+exec+end | child fork+end
 * apart: main fork+exec, end | child fork, end
 */
#include "truth.h"

#include <dirent.h>
#include <signal.h>

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		err(TRUTH_FAILED, "opendir %s", path);
	while ((entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(path);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/mayfly-core-XXXXXX";
	bool core = argc > 2 && strcmp(argv[2], "core") == 0;
	int number = argc > 1 ? atoi(argv[1]) : SIGKILL;
	struct rlimit limit = {0, 0};
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(folder) || chdir(folder) < 0)
		err(TRUTH_FAILED, "%s", folder);
	child = truth_fork("child", "main");
	if (child == 0) {
		if (core)
			limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
		if (setrlimit(RLIMIT_CORE, &limit) < 0)
			err(TRUTH_FAILED, "RLIMIT_CORE");
		raise(number);
		_exit(TRUTH_FAILED);
	}
	truth_ended("child", child);
	remove_folder(folder);
	return 0;
}
