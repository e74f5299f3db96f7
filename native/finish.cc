// SPDX-License-Identifier: Apache-2.0
#include "finish.h"

#include <cstring>
#include <ctime>

#include <unistd.h>

#include "../bpf/record.h"
#include "text.h"

namespace mayfly {

namespace {

constexpr uint64_t NANOS = 1000000000;
constexpr uint64_t NANOS_PER_TICK = 10000000; // USER_HZ is 100 on every architecture that mayfly runs on

void split(moment &m)
{
	uint64_t ns = m.ns;
	m.seconds = static_cast<uint32_t>(ns / NANOS);
	m.nanos = static_cast<uint32_t>(ns % NANOS);
}

void finish_header(record_header &h, size_t size)
{
	h.size = static_cast<u32>(size);
	h.start_ticks = h.start.ns / NANOS_PER_TICK;
	split(h.time);
	split(h.start);
}

void finish_ref(task_ref &ref)
{
	ref.start_ticks = ref.start.ns / NANOS_PER_TICK;
	ref.reserved = 0;
	split(ref.start);
}

// utime and stime are counted by ticks (4 ms at 250 Hz), the sum of run time is exact: the kernel's cputime_adjust() shares
// the exact sum out in the ratio of the ticks, and so does this.
void scale_cpu_times(usage &u)
{
	uint64_t user = u.user.ns, system = u.system.ns, runtime = u.runtime_ns;
	if (system == 0)
		user = runtime;
	else if (user == 0)
		system = runtime;
	else
		system = static_cast<uint64_t>(static_cast<unsigned __int128>(system) * runtime /
					       (static_cast<unsigned __int128>(system) + user));
	if (system != 0)
		user = runtime - system;
	u.user.ns = user;
	u.system.ns = system;
	split(u.user);
	split(u.system);
}

size_t finish_exec(const void *raw, size_t size, const Environment &environment, uint8_t *out)
{
	if (size < sizeof(exec_record))
		return 0;
	auto *r = reinterpret_cast<exec_record *>(out);
	memcpy(r, raw, sizeof(*r));
	size_t strings = size_t{r->asked_size} + r->executable_size + r->cwd_size + r->args_size + r->env_size;
	if (sizeof(*r) + strings > size)
		return 0;

	const char *from = static_cast<const char *>(raw) + sizeof(*r);
	char *to = RECORD_STRINGS(r);
	u32 asked = r->asked_size ? r->asked_size - 1 : 0; // without its NUL
	memcpy(to, from, asked);
	from += r->asked_size;
	to += asked;
	r->asked_size = asked;

	bool whole = !(r->flags & (IMAGE_MEMFD | IMAGE_EXECUTABLE_TRUNCATED));
	u32 turned = turn_path(from, r->executable_size, to, whole);
	from += r->executable_size;
	to += turned;
	r->executable_size = turned;

	turned = turn_path(from, r->cwd_size, to, !(r->flags & (IMAGE_CWD_TRUNCATED | IMAGE_NO_CWD)));
	from += r->cwd_size;
	to += turned;
	r->cwd_size = turned;

	memcpy(to, from, r->args_size);
	to += r->args_size;
	r->env_size = environment.copy_wanted(from + r->args_size, r->env_size, to);
	to += r->env_size;

	size_t bytes = to - RECORD_STRINGS(r);
	if (is_ascii(RECORD_STRINGS(r), bytes))
		r->flags |= IMAGE_ASCII;
	else if (!is_utf8(to - r->env_size - r->args_size, r->args_size))
		r->flags |= IMAGE_ARGS_INVALID_UTF8;

	size_t end = (sizeof(*r) + bytes + 7) & ~size_t{7};
	memset(to, 0, out + end - reinterpret_cast<uint8_t *>(to));
	finish_ref(r->parent);
	finish_header(r->header, end);
	return end;
}

uint64_t now_ns(clockid_t clock)
{
	timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * NANOS + t.tv_nsec;
}

} // namespace

size_t finish_record(const void *raw, size_t size, const Environment &environment, uint8_t *out)
{
	if (size < sizeof(record_header))
		return 0;
	switch (static_cast<const record_header *>(raw)->kind) {
	case RECORD_FORK: {
		auto *r = reinterpret_cast<fork_record *>(out);
		if (size < sizeof(*r))
			return 0;
		memcpy(r, raw, sizeof(*r));
		finish_ref(r->parent);
		finish_ref(r->creator);
		finish_header(r->header, sizeof(*r));
		return sizeof(*r);
	}
	case RECORD_EXIT: {
		auto *r = reinterpret_cast<exit_record *>(out);
		if (size < sizeof(*r))
			return 0;
		memcpy(r, raw, sizeof(*r));
		scale_cpu_times(r->usage);
		finish_header(r->header, sizeof(*r));
		return sizeof(*r);
	}
	case RECORD_EXEC:
	case RECORD_TASK:
		return finish_exec(raw, size, environment, out);
	case RECORD_CHANGE: {
		auto *r = reinterpret_cast<change_record *>(out);
		if (size < sizeof(*r))
			return 0;
		memcpy(r, raw, sizeof(*r));
		finish_header(r->header, sizeof(*r));
		return sizeof(*r);
	}
	default:
		return 0;
	}
}

size_t clock_record(uint32_t kind, uint8_t *out)
{
	auto *r = reinterpret_cast<struct clock_record *>(out);
	timespec real;
	memset(r, 0, sizeof(*r));
	// Read between two readings of the other clock, so that their middle belongs to it. A thread that was put off in between
	// (a guest's processor: for 20 ms and more) would shift every time of the next second by half of that: it tries again.
	uint64_t first, last;
	for (int tries = 0; tries < 10; tries++) {
		first = now_ns(CLOCK_BOOTTIME);
		clock_gettime(CLOCK_REALTIME, &real);
		last = now_ns(CLOCK_BOOTTIME);
		if (last - first < 50000)
			break;
	}
	r->header.time.ns = first + (last - first) / 2;
	r->realtime.seconds = static_cast<u32>(real.tv_sec);
	r->realtime.nanos = static_cast<u32>(real.tv_nsec);
	r->page_size = static_cast<u32>(sysconf(_SC_PAGESIZE));
	r->header.kind = kind;
	finish_header(r->header, sizeof(*r));
	return sizeof(*r);
}

} // namespace mayfly
