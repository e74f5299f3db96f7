// SPDX-License-Identifier: Apache-2.0
// The BPF programs: loading, attaching, counters. Throws Fault.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../bpf/record.h"
#include "changes.h"

struct bpf_link;
struct bpf_program;
struct probes;
struct tasks;

namespace mayfly {

struct Settings {
	bool kernel_threads;
	uint32_t args_max;
	uint32_t env_max; // bytes of the environment to look through; 0: nobody asks for any of it
	bool changes;   // credentials and sessions that change without an exec are told at once
	uint32_t ring_bytes;
	uint32_t wakeup_bytes;
};

struct Counters {
	uint64_t lost_fork, lost_exec, lost_exit, lost_change;
	// Runs that the kernel skipped because the same program was running on that CPU and that no twin did, by program.
	std::vector<std::pair<std::string, uint64_t>> missed;
};

// Runs that the kernel skipped because the same program was running on that CPU.
uint64_t recursion_misses(const bpf_program *program);

class Probes {
public:
	explicit Probes(const Settings &settings); // opens and loads; attaches nothing
	~Probes();
	Probes(const Probes &) = delete;
	Probes &operator=(const Probes &) = delete;

	void attach();
	// Of what is told of changes; nullptr when nobody asked, or before attach().
	const Changes *changes() const { return changes_.get(); }
	// Takes the probes off; what they wrote stays in the ring. Waits for a grace period of RCU (some ms).
	void detach();

	// This process as the kernel names it.
	task_ref self() const;
	Counters counters();
	int ring_fd() const;

	// False on kernels without the task iterator (before 5.18): the caller reads /proc.
	bool can_scan() const;
	// Calls `each` with every record of a scan, unfinished.
	void scan(const std::function<void(const void *record, size_t size)> &each);

private:
	// A hook's second program (bpf/twin.h).
	struct Twin {
		bpf_program *first, *program;
		bpf_link **link;
		record_kind kind;
	};

	std::array<Twin, 3> twins() const;
	void load_probes(const Settings &settings);
	void load_tasks(const Settings &settings);

	const Settings settings_;
	std::unique_ptr<Changes> changes_;
	std::array<uint64_t, 8> missed_{}; // as counters() told it, by record_kind
	struct probes *probes_ = nullptr;
	struct tasks *tasks_ = nullptr;
};

} // namespace mayfly
