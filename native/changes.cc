// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fault.h"
#include "probes.h"

#include "changes.skel.h"

namespace mayfly {

namespace {

// Every system call behind which commit_creds() or ksys_setsid() stands. setfsuid(2) changes what no document tells.
constexpr const char *CALLS[] = {
	"setuid",    "setgid", "setreuid", "setregid", "setresuid", "setresgid",
	"setgroups", "capset", "setsid",   "unshare",  "setns",
};

} // namespace

Changes::Changes(const Settings &settings, int ring_fd)
{
	for (Way way : {Way::fentry, Way::tracepoint})
		if (try_way(way, settings, ring_fd)) {
			way_ = way;
			return;
		}
}

Changes::~Changes()
{
	clear();
}

bool Changes::try_way(Way way, const Settings &settings, int ring_fd)
{
	LibbpfLog log;
	changes_ = changes__open();
	if (changes_) {
		changes_->rodata->kernel_threads = settings.kernel_threads;
		changes_->rodata->wakeup_bytes = settings.wakeup_bytes;
		bpf_program__set_autoload(changes_->progs.mayfly_commit_creds, way == Way::fentry);
		bpf_program__set_autoload(changes_->progs.mayfly_setsid, way == Way::fentry);
		bpf_program__set_autoload(changes_->progs.mayfly_sys_exit, way == Way::tracepoint);
		if (bpf_map__reuse_fd(changes_->maps.ring, ring_fd) == 0 && changes__load(changes_) == 0 && attach(way))
			return true;
	}
	reason_ += std::string(reason_.empty() ? "" : "; ") + (way == Way::fentry ? "fentry: " : "tracepoints: ") +
		   strerror(errno);
	clear();
	return false;
}

bool Changes::attach(Way way)
{
	return way == Way::fentry ? changes__attach(changes_) == 0 : attach_calls();
}

bool Changes::attach_calls()
{
	for (const char *call : CALLS) {
		std::string event = std::string("sys_exit_") + call;
		bpf_link *link =
			bpf_program__attach_tracepoint(changes_->progs.mayfly_sys_exit, "syscalls", event.c_str());
		if (!link)
			return false;
		calls_.push_back(link);
	}
	return true;
}

void Changes::detach()
{
	for (bpf_link *link : calls_)
		bpf_link__destroy(link);
	calls_.clear();
	if (changes_)
		changes__detach(changes_);
}

void Changes::clear()
{
	int error = errno;
	detach();
	changes__destroy(changes_);
	changes_ = nullptr;
	errno = error;
}

uint64_t Changes::lost() const
{
	return changes_ ? reinterpret_cast<volatile uint64_t *>(changes_->bss->lost)[RECORD_CHANGE] : 0;
}

uint64_t Changes::missed() const
{
	if (!changes_)
		return 0;
	return recursion_misses(changes_->progs.mayfly_commit_creds) + recursion_misses(changes_->progs.mayfly_setsid) +
	       recursion_misses(changes_->progs.mayfly_sys_exit);
}

} // namespace mayfly
