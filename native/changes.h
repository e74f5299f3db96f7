// SPDX-License-Identifier: Apache-2.0
// Credentials and sessions that change without an exec: attached only where somebody asks for it (bpf/changes.bpf.c).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct bpf_link;
struct changes;

namespace mayfly {

struct Settings;

class Changes {
public:
	enum class Way { none, fentry, tracepoint };

	// Attaches what this kernel takes: fentry, else the tracepoints of the system calls, else nothing.
	Changes(const Settings &settings, int ring_fd);
	~Changes();
	Changes(const Changes &) = delete;
	Changes &operator=(const Changes &) = delete;

	Way way() const { return way_; }
	// Why the better ways were not taken: what libbpf said of each.
	const std::string &reason() const { return reason_; }
	// Takes the programs off; the counters stay.
	void detach();
	uint64_t lost() const;
	// Runs that the kernel skipped and no twin did (bpf/twin.h).
	uint64_t missed();

private:
	bool try_way(Way way, const Settings &settings, int ring_fd);
	bool attach(Way way);
	bool attach_functions();
	bool attach_calls();
	void clear();

	changes *changes_ = nullptr;
	std::vector<bpf_link *> calls_;
	uint64_t missed_ = 0; // as missed() told it
	Way way_ = Way::none;
	std::string reason_;
};

} // namespace mayfly
