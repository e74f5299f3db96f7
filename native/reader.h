// SPDX-License-Identifier: Apache-2.0
// The thread that drains the ring. It looks at least every `drain_ms`, sooner when the probes wake it, and hands over one batch a look.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "batches.h"
#include "environment.h"
#include "probes.h"

struct ring_buffer;

namespace mayfly {

class Reader {
public:
	// `deliver` is called on the reader's thread; the batch comes back by BatchPool::give_back.
	using Deliver = std::function<void(std::shared_ptr<Batch>)>;

	Reader(Probes &probes, BatchPool &pool, int drain_ms, size_t args_max, const Environment &environment,
	       bool scan_first, Deliver deliver);
	~Reader(); // gives up at once: what is in the ring is not delivered
	Reader(const Reader &) = delete;
	Reader &operator=(const Reader &) = delete;

	// Scans all processes. The first scan comes before any other record; a later one after those that were in the ring
	// when it was made.
	void request_scan();
	// Takes the probes off, delivers what is left and, as the last batch, one with `last`.
	void finish();

	// Records whose bytes made no sense: a probe of another build.
	uint64_t malformed() const { return malformed_; }
	// Scans that broke off.
	uint64_t failed_scans() const { return failed_scans_; }

private:
	static int on_record(void *self, void *data, size_t size);

	void run();
	void drain();
	void scan(bool first);
	void emit_clock(uint32_t kind);
	void append(const void *record, size_t size);
	bool need_room();
	void hand_over(bool last);
	void wait();

	Probes &probes_;
	BatchPool &pool_;
	const int drain_ms_;
	const size_t args_max_;
	const Environment &environment_;
	const Deliver deliver_;
	ring_buffer *ring_ = nullptr;
	std::shared_ptr<Batch> batch_;
	int wake_fd_ = -1;
	int64_t next_clock_ms_ = 0;
	std::atomic<bool> finishing_{false}, abandoned_{false}, scan_wanted_{false};
	std::atomic<uint64_t> malformed_{0}, failed_scans_{0};
	std::thread thread_;
};

} // namespace mayfly
