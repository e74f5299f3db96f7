// SPDX-License-Identifier: Apache-2.0
#include "reader.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include <bpf/libbpf.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmdline.h"
#include "fault.h"
#include "finish.h"

namespace mayfly {

namespace {

constexpr int64_t CLOCK_EVERY_MS = 1000;

int64_t now_ms()
{
	timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

} // namespace

Reader::Reader(Probes &probes, BatchPool &pool, int drain_ms, size_t args_max, const Environment &environment,
	       bool scan_first, Deliver deliver)
	: probes_(probes), pool_(pool), drain_ms_(drain_ms), args_max_(args_max), environment_(environment),
	  deliver_(std::move(deliver)), scan_wanted_(scan_first)
{
	wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ring_ = ring_buffer__new(probes.ring_fd(), on_record, this, nullptr);
	if (!ring_ || wake_fd_ < 0) {
		int error = errno;
		ring_buffer__free(ring_);
		if (wake_fd_ >= 0)
			close(wake_fd_);
		throw Fault("RING_FAILED", std::string("The ring buffer cannot be mapped: ") + strerror(error));
	}
	thread_ = std::thread(&Reader::run, this);
}

Reader::~Reader()
{
	abandoned_ = true;
	pool_.abandon();
	eventfd_write(wake_fd_, 1);
	thread_.join();
	ring_buffer__free(ring_);
	close(wake_fd_);
}

void Reader::request_scan()
{
	scan_wanted_ = true;
	eventfd_write(wake_fd_, 1);
}

void Reader::finish()
{
	finishing_ = true;
	eventfd_write(wake_fd_, 1);
}

void Reader::run()
{
	emit_clock(RECORD_CLOCK);
	if (scan_wanted_.exchange(false))
		scan(true);
	while (!abandoned_ && !finishing_) {
		if (!pool_.is_busy())
			hand_over(false);
		wait();
		if (now_ms() >= next_clock_ms_)
			emit_clock(RECORD_CLOCK);
		drain();
		if (scan_wanted_.exchange(false))
			scan(false);
	}
	if (abandoned_)
		return;
	probes_.detach();
	emit_clock(RECORD_CLOCK);
	drain();
	hand_over(true);
}

void Reader::wait()
{
	pollfd fds[] = {{wake_fd_, POLLIN, 0}, {ring_buffer__epoll_fd(ring_), POLLIN, 0}};
	poll(fds, 2, drain_ms_);
	eventfd_t ignored;
	eventfd_read(wake_fd_, &ignored);
}

// HOT PATH: one call a record, budget 0.3 us with the copy.
int Reader::on_record(void *self, void *data, size_t size)
{
	auto *reader = static_cast<Reader *>(self);
	if (reader->need_room())
		return -ECANCELED; // abandoned while waiting for a free batch
	reader->append(data, size);
	return 0;
}

void Reader::drain()
{
	// Ends when the ring is empty. A process that spawns without pause cannot keep it here: JavaScript gets its batches
	// from need_room() meanwhile.
	ring_buffer__consume(ring_);
}

// The scan's own records are kept back until everything that was in the ring has been handed over, so that JavaScript knows of
// each process what its events say before it hears what the scan says. The first scan is the other way round: it tells
// of the parents that the first events need.
void Reader::scan(bool first)
{
	std::vector<std::vector<uint8_t>> records;
	uint8_t end[256];
	size_t end_size = clock_record(RECORD_SCANNED, end);
	try {
		if (probes_.can_scan())
			probes_.scan([&](const void *record, size_t size) {
				auto *from = static_cast<const uint8_t *>(record);
				records.emplace_back(from, from + size);
				if (reinterpret_cast<const exec_record *>(records.back().data())->flags &
				    IMAGE_ARGS_TRUNCATED)
					complete_args(records.back(), args_max_);
			});
	} catch (const Fault &) {
		// Half a scan would end whoever stands in its other half. The first one ends nobody, and watching begins with it.
		failed_scans_++;
		if (!first)
			return;
	}
	if (!first)
		drain();
	for (const auto &record : records) {
		if (need_room())
			return;
		append(record.data(), record.size());
	}
	if (need_room())
		return;
	memcpy(batch_->bytes.get() + batch_->size, end, end_size);
	batch_->size += end_size;
}

void Reader::emit_clock(uint32_t kind)
{
	next_clock_ms_ = now_ms() + CLOCK_EVERY_MS;
	if (need_room())
		return;
	batch_->size += clock_record(kind, batch_->bytes.get() + batch_->size);
}

void Reader::append(const void *record, size_t size)
{
	size_t written = finish_record(record, size, environment_, batch_->bytes.get() + batch_->size);
	if (written == 0)
		malformed_.fetch_add(1, std::memory_order_relaxed);
	batch_->size += written;
}

// Makes sure that one more record fits. Returns true when there is no use going on.
bool Reader::need_room()
{
	if (batch_ && BATCH_BYTES - batch_->size >= RECORD_MAX)
		return false;
	hand_over(false);
	batch_ = pool_.take();
	return !batch_;
}

void Reader::hand_over(bool last)
{
	if (last && !batch_)
		batch_ = pool_.take();
	if (!batch_ || (batch_->size == 0 && !last))
		return;
	batch_->last = last;
	deliver_(std::move(batch_));
	batch_ = nullptr;
}

} // namespace mayfly
