// SPDX-License-Identifier: Apache-2.0
// The bounded hand-off between the reader's thread and JavaScript: a fixed set of buffers that go round. When none is
// free the reader leaves the records in the ring, so nothing can be lost between the ring and JavaScript.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace mayfly {

// Room for a few large records; pages that were never written cost nothing.
constexpr size_t BATCH_BYTES = 2 * 1024 * 1024;
constexpr size_t BATCHES = 12;
// With more than these under way JavaScript is busy: the next one may grow meanwhile.
constexpr size_t ENOUGH_UNDER_WAY = 3;

struct Batch {
	std::unique_ptr<uint8_t[]> bytes{new uint8_t[BATCH_BYTES]};
	size_t size = 0;
	bool last = false; // nothing follows: the reader has ended
};

class BatchPool {
public:
	BatchPool()
	{
		for (size_t i = 0; i < BATCHES; i++)
			free_.push_back(std::make_shared<Batch>());
	}

	// Waits for a free buffer; null once abandoned. The one given back last goes out first, so that in quiet times one
	// buffer does all the work and the others' pages stay untouched.
	std::shared_ptr<Batch> take()
	{
		std::unique_lock lock(mutex_);
		freed_.wait(lock, [this] { return abandoned_ || !free_.empty(); });
		if (abandoned_)
			return nullptr;
		auto batch = free_.back();
		free_.pop_back();
		batch->size = 0;
		return batch;
	}

	// JavaScript has several batches to work off already: better one large one more than many small ones.
	bool is_busy()
	{
		std::lock_guard lock(mutex_);
		return free_.size() + ENOUGH_UNDER_WAY < BATCHES;
	}

	void give_back(std::shared_ptr<Batch> batch)
	{
		{
			std::lock_guard lock(mutex_);
			free_.push_back(std::move(batch));
		}
		freed_.notify_one();
	}

	void abandon()
	{
		{
			std::lock_guard lock(mutex_);
			abandoned_ = true;
		}
		freed_.notify_all();
	}

private:
	std::mutex mutex_;
	std::condition_variable freed_;
	std::vector<std::shared_ptr<Batch>> free_;
	bool abandoned_ = false;
};

} // namespace mayfly
