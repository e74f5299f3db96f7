// SPDX-License-Identifier: Apache-2.0
#include "probes.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fault.h"
#include "probes.skel.h"
#include "tasks.skel.h"

namespace mayfly {

namespace {

struct BtfDeleter {
	void operator()(btf *b) const { btf__free(b); }
};

// What the running kernel offers, from its own BTF.
struct KernelFeatures {
	bool bpf_loop = false;            // 5.17
	bool exit_has_group_dead = false; // 6.16
	bool copy_from_user_task = false; // 5.18
	bool hooks_preemptible = false;   // 7.0
};

KernelFeatures kernel_features()
{
	std::unique_ptr<btf, BtfDeleter> kernel(btf__load_vmlinux_btf());
	if (!kernel)
		throw Fault("NO_BTF", "This kernel has no type information (/sys/kernel/btf/vmlinux): use a kernel "
				      "5.10 or newer built with "
				      "CONFIG_DEBUG_INFO_BTF=y.");
	KernelFeatures f;
	int id = btf__find_by_name_kind(kernel.get(), "bpf_func_id", BTF_KIND_ENUM);
	if (id > 0) {
		const btf_type *type = btf__type_by_id(kernel.get(), id);
		const struct btf_enum *value = btf_enum(type);
		for (int i = 0; i < btf_vlen(type); i++) {
			const char *name = btf__name_by_offset(kernel.get(), value[i].name_off);
			f.bpf_loop |= !strcmp(name, "BPF_FUNC_loop");
			f.copy_from_user_task |= !strcmp(name, "BPF_FUNC_copy_from_user_task");
		}
	}
	id = btf__find_by_name_kind(kernel.get(), "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF);
	if (id > 0) {
		// typedef -> pointer -> function (void *data, task[, group_dead])
		const btf_type *type = btf__type_by_id(kernel.get(), btf__type_by_id(kernel.get(), id)->type);
		const btf_type *proto = btf__type_by_id(kernel.get(), type->type);
		f.exit_has_group_dead = btf_is_func_proto(proto) && btf_vlen(proto) >= 3;
	}
	// "tracing: Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast" leaves no trace in BTF.
	utsname names;
	f.hooks_preemptible = uname(&names) == 0 && atoi(names.release) >= 7;
	return f;
}

// The verifier gives up with EAGAIN when a signal waits, and a profiler's come faster than it is done (all loading takes 0.2 s).
class SignalsHeld {
public:
	SignalsHeld()
	{
		sigset_t all;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before_);
	}
	~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
	SignalsHeld(const SignalsHeld &) = delete;
	SignalsHeld &operator=(const SignalsHeld &) = delete;

private:
	sigset_t before_;
};

} // namespace

uint64_t recursion_misses(const bpf_program *program)
{
	bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = bpf_program__fd(program);
	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

Probes::Probes(const Settings &settings) : settings_(settings)
{
	SignalsHeld held;
	try {
		load_probes(settings);
		load_tasks(settings);
	} catch (...) {
		tasks__destroy(tasks_);
		probes__destroy(probes_);
		throw;
	}
}

void Probes::load_probes(const Settings &settings)
{
	LibbpfLog log;
	KernelFeatures kernel = kernel_features();
	probes_ = probes__open();
	if (!probes_)
		throw load_fault(errno, log);
	probes_->rodata->kernel_threads = settings.kernel_threads;
	probes_->rodata->args_max = settings.args_max;
	probes_->rodata->env_max = settings.env_max;
	probes_->rodata->wakeup_bytes = settings.wakeup_bytes;
	probes_->rodata->exit_has_group_dead = kernel.exit_has_group_dead;
	probes_->rodata->hooks_preemptible = kernel.hooks_preemptible;
	bpf_program__set_autoload(probes_->progs.mayfly_exec, kernel.bpf_loop);
	bpf_program__set_autoload(probes_->progs.mayfly_exec_bounded, !kernel.bpf_loop);
	bpf_program__set_autoattach(probes_->progs.mayfly_self, false);
	for (const Twin &twin : twins()) {
		bpf_program__set_autoload(twin.program, kernel.hooks_preemptible);
		bpf_program__set_autoattach(twin.program, false);
	}
	bpf_map__set_max_entries(probes_->maps.ring, settings.ring_bytes);
	int error = probes__load(probes_);
	if (error)
		throw load_fault(-error, log);
}

// The scan is not needed to watch: where it cannot be loaded, /proc is read instead.
void Probes::load_tasks(const Settings &settings)
{
	LibbpfLog log;
	if (!kernel_features().copy_from_user_task)
		return;
	tasks_ = tasks__open();
	if (!tasks_)
		throw load_fault(errno, log);
	tasks_->rodata->kernel_threads = settings.kernel_threads;
	tasks_->rodata->args_max = settings.args_max;
	tasks_->rodata->env_max = settings.env_max;
	int error = tasks__load(tasks_);
	if (error)
		throw load_fault(-error, log);
	tasks_->links.mayfly_tasks = bpf_program__attach_iter(tasks_->progs.mayfly_tasks, nullptr);
	if (!tasks_->links.mayfly_tasks)
		throw attach_fault(errno, "mayfly_tasks");
}

Probes::~Probes()
{
	tasks__destroy(tasks_);
	probes__destroy(probes_);
}

void Probes::attach()
{
	LibbpfLog log;
	int error = probes__attach(probes_);
	if (error)
		throw attach_fault(-error, "fork, exec and exit");
	// A hook calls its programs in the order in which they were attached.
	for (const Twin &twin : twins()) {
		if (!bpf_program__autoload(twin.program))
			continue;
		*twin.link = bpf_program__attach(twin.program);
		if (!*twin.link)
			throw attach_fault(errno, bpf_program__name(twin.program));
	}
	if (settings_.changes) {
		SignalsHeld held;
		changes_ = std::make_unique<Changes>(settings_, ring_fd());
	}
}

std::array<Probes::Twin, 3> Probes::twins() const
{
	auto &programs = probes_->progs;
	auto &links = probes_->links;
	return {{
		{programs.mayfly_fork, programs.mayfly_fork_twin, &links.mayfly_fork_twin, RECORD_FORK},
		{programs.mayfly_exec, programs.mayfly_exec_twin, &links.mayfly_exec_twin, RECORD_EXEC},
		{programs.mayfly_exit, programs.mayfly_exit_twin, &links.mayfly_exit_twin, RECORD_EXIT},
	}};
}

void Probes::detach()
{
	if (changes_)
		changes_->detach();
	probes__detach(probes_);
}

task_ref Probes::self() const
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int error = bpf_prog_test_run_opts(bpf_program__fd(probes_->progs.mayfly_self), &options);
	if (error)
		throw attach_fault(-error, "mayfly_self");
	return reinterpret_cast<const task_ref &>(probes_->bss->self);
}

Counters Probes::counters()
{
	auto *lost = reinterpret_cast<volatile uint64_t *>(probes_->bss->lost);
	auto *caught = reinterpret_cast<volatile uint64_t *>(probes_->bss->caught);
	Counters c{lost[RECORD_FORK], lost[RECORD_EXEC], lost[RECORD_EXIT], changes_ ? changes_->lost() : 0, {}};
	for (const Twin &twin : twins()) {
		// A task may have been preempted between the two programs, and this count be one too high till it goes on: what
		// was told is never taken back, so the next that is really missed makes it right.
		uint64_t skipped = recursion_misses(twin.first), done = caught[twin.kind];
		uint64_t &told = missed_[twin.kind];
		told = std::max(told, skipped > done ? skipped - done : 0);
		c.missed.emplace_back(bpf_program__name(twin.first), told);
	}
	c.missed.emplace_back("mayfly_exec_bounded", recursion_misses(probes_->progs.mayfly_exec_bounded));
	if (changes_)
		c.missed.emplace_back("mayfly_changes", changes_->missed());
	return c;
}

int Probes::ring_fd() const
{
	return bpf_map__fd(probes_->maps.ring);
}

bool Probes::can_scan() const
{
	return tasks_ != nullptr;
}

void Probes::scan(const std::function<void(const void *, size_t)> &each)
{
	int fd = bpf_iter_create(bpf_link__fd(tasks_->links.mayfly_tasks));
	if (fd < 0)
		throw Fault("SCAN_FAILED", std::string("The task iterator cannot be opened: ") + strerror(errno));
	// A read gives whole records only: the kernel takes back what does not fit, and gives it next time.
	std::vector<uint8_t> buffer(64 * 1024);
	ssize_t n;
	while ((n = read(fd, buffer.data(), buffer.size())) > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
		for (ssize_t at = 0; n - at >= ssize_t{sizeof(record_header)};) {
			auto *h = reinterpret_cast<const record_header *>(buffer.data() + at);
			if (h->size < sizeof(*h) || h->size > n - at)
				break;
			each(h, h->size);
			at += h->size;
		}
	}
	int error = n < 0 ? errno : 0;
	close(fd);
	if (error)
		throw Fault("SCAN_FAILED", std::string("The task iterator broke off: ") + strerror(error));
}

} // namespace mayfly
