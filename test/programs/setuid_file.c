/*
 * An executable with the setuid bit, of user 65534: effective and saved id change at the exec, the real one does not.
 * Kernel: bprm_fill_uid, then cap_bprm_creds_from_file gives root's capabilities as permitted only.
 *
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "image_copy.h"

int main(int argc, char **argv)
{
	char folder[] = "/tmp/mayfly-setuid-XXXXXX", path[64];
	pid_t child;
	int fd;

	truth_begin(argc, argv);
	truth_self("exec");
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		err(TRUTH_FAILED, "%s", folder);
	snprintf(path, sizeof(path), "%s/owned", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0)
		err(TRUTH_FAILED, "%s", path);
	image_copy(fd);
	if (fchown(fd, 65534, 65534) < 0 || fchmod(fd, 06755) < 0)
		err(TRUTH_FAILED, "%s", path);
	close(fd);
	child = truth_fork("child", "main");
	if (child == 0) {
		execl(path, "owned", "0", (char *)NULL);
		err(TRUTH_FAILED, "%s", path);
	}
	truth_ended("child", child);
	unlink(path);
	rmdir(folder);
	return 0;
}
