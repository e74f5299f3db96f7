// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

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
		changes_->rodata->hooks_preemptible = way == Way::fentry;
		auto &programs = changes_->progs;
		for (bpf_program *program : {programs.mayfly_commit_creds, programs.mayfly_commit_creds_twin,
					     programs.mayfly_setsid, programs.mayfly_setsid_twin})
			bpf_program__set_autoload(program, way == Way::fentry);
		bpf_program__set_autoload(programs.mayfly_sys_exit, way == Way::tracepoint);
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
	return way == Way::fentry ? attach_functions() : attach_calls();
}

bool Changes::attach_functions()
{
	auto &programs = changes_->progs;
	auto &links = changes_->links;
	// A function calls the program that was attached last first (bpf_trampoline_link_prog() puts it at the head).
	for (auto [program, link] : {
		     std::pair{programs.mayfly_commit_creds_twin, &links.mayfly_commit_creds_twin},
		     std::pair{programs.mayfly_commit_creds, &links.mayfly_commit_creds},
		     std::pair{programs.mayfly_setsid_twin, &links.mayfly_setsid_twin},
		     std::pair{programs.mayfly_setsid, &links.mayfly_setsid},
	     }) {
		*link = bpf_program__attach(program);
		if (!*link)
			return false;
	}
	return true;
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

uint64_t Changes::missed()
{
	if (!changes_)
		return 0;
	uint64_t skipped =
		recursion_misses(changes_->progs.mayfly_commit_creds) + recursion_misses(changes_->progs.mayfly_setsid);
	uint64_t done = reinterpret_cast<volatile uint64_t *>(changes_->bss->caught)[RECORD_CHANGE];
	// As in Probes::counters(): one too high while a task stands between the two programs.
	missed_ = std::max(missed_, skipped > done ? skipped - done : 0);
	return missed_ + recursion_misses(changes_->progs.mayfly_sys_exit);
}

} // namespace mayfly
