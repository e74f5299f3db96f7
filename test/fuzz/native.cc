// SPDX-License-Identifier: Apache-2.0
// Feeds native/finish.cc and native/cmdline.cc mutated records, in memory of just their size, so that AddressSanitizer sees
// every byte read too far.
//
//   native SEED FROM INPUTS SECONDS
//
// Prints "inputs N" at its end. Whatever is wrong ends it with a report and the number of the input.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "bpf/record.h"
#include "native/cmdline.h"
#include "native/finish.h"
#include "native/text.h"

using Bytes = std::vector<uint8_t>;

namespace {

uint64_t seed, current;

// A fault that a sanitizer or a signal ends the process with tells nothing of the input: this does.
void tell_input()
{
	fprintf(stderr, "input %" PRIu64 " of seed %" PRIu64 "\n", current, seed);
}

void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not true: %s\n", what);
	tell_input();
	abort();
}

class Random {
public:
	explicit Random(uint64_t state) : state_(state) {}

	// splitmix64
	uint64_t next()
	{
		uint64_t z = state_ += 0x9e3779b97f4a7c15;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		return z ^ (z >> 31);
	}
	size_t below(size_t end) { return end == 0 ? 0 : next() % end; }

private:
	uint64_t state_;
};

template <typename Record> Record begin(record_kind kind)
{
	Record r;
	memset(&r, 0, sizeof(r));
	r.header.size = sizeof(r);
	r.header.kind = kind;
	r.header.time.ns = 5'000'000'000'123;
	r.header.start.ns = 4'999'990'000'456;
	r.header.pid = r.header.tid = static_cast<u32>(getpid());
	return r;
}

template <typename Record> Bytes bytes_of(const Record &r, const std::string &strings = "")
{
	auto *from = reinterpret_cast<const uint8_t *>(&r);
	Bytes bytes(from, from + sizeof(r));
	bytes.insert(bytes.end(), strings.begin(), strings.end());
	bytes.resize((bytes.size() + 8 + 7) & ~size_t{7}); // the ring's room is a little larger (bpf/exec.h)
	return bytes;
}

std::string joined(std::initializer_list<const char *> parts)
{
	std::string all;
	for (const char *part : parts)
		all += std::string(part) + '\0';
	return all;
}

Bytes image(record_kind kind, u32 flags, const std::string &asked, const std::string &executable,
	    const std::string &args, const std::string &env = "")
{
	auto r = begin<exec_record>(kind);
	std::string cwd = joined({"project", "ada", "home"});
	r.flags = flags;
	r.argc = 3;
	r.args_length = static_cast<u32>(args.size());
	r.args_size = static_cast<u32>(args.size());
	r.executable_size = static_cast<u32>(executable.size());
	r.cwd_size = static_cast<u32>(cwd.size());
	r.asked_size = static_cast<u32>(asked.size());
	r.env_length = r.env_size = static_cast<u32>(env.size());
	return bytes_of(r, asked + executable + cwd + args + env);
}

std::vector<Bytes> samples()
{
	auto exit = begin<exit_record>(RECORD_EXIT);
	exit.usage.user.ns = 4'000'000;
	exit.usage.system.ns = 8'000'000;
	exit.usage.runtime_ns = 13'456'789;
	return {
		bytes_of(begin<fork_record>(RECORD_FORK)),
		bytes_of(exit),
		image(RECORD_EXEC, 0, "", joined({"grep", "bin", "usr"}), joined({"grep", "-r", "TODO", ""})),
		image(RECORD_EXEC, IMAGE_SCRIPT, joined({"./run.sh"}), joined({"dash", "bin"}),
		      joined({"sh", "gr\u00f6\u00dfe"})),
		image(RECORD_EXEC, IMAGE_MEMFD, "", joined({"payload"}), "\xff\xfe\xed\xa0\x80"),
		image(RECORD_EXEC, IMAGE_ARGS_TRUNCATED, "", "", std::string(4096, 'x')),
		image(RECORD_TASK, IMAGE_ARGS_TRUNCATED, "", joined({"node"}), "no"),
		image(RECORD_EXEC, 0, "", joined({"true", "bin"}), joined({"true"}),
		      joined({"PATH=/bin", "LD_PRELOAD=/tmp/x.so", "=", "HISTFILE="}) + "LD_cut"),
		bytes_of(begin<change_record>(RECORD_CHANGE)),
	};
}

void overwrite(Bytes &bytes, size_t at, const void *from, size_t size)
{
	if (bytes.size() >= at + size)
		memcpy(bytes.data() + at, from, size);
}

void mutate_once(Bytes &bytes, const Bytes &other, Random &random)
{
	static constexpr u32 WORDS[] = {0, 1, 7, 8, 255, 4096, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
	size_t at = random.below(bytes.size());
	switch (random.below(7)) {
	case 0:
		if (!bytes.empty())
			bytes[at] ^= 1 << random.below(8);
		break;
	case 1:
		overwrite(bytes, at & ~size_t{3}, &WORDS[random.below(10)], 4);
		break;
	case 2: { // a size among the last words of an exec_record
		u32 size = static_cast<u32>(random.below(random.below(2) ? 64 : bytes.size() + 16));
		overwrite(bytes, sizeof(exec_record) - 4 * (1 + random.below(10)), &size, 4);
		break;
	}
	case 3:
		bytes.resize(at);
		break;
	case 4:
		bytes.insert(bytes.begin() + at, other.begin() + random.below(other.size()), other.end());
		break;
	case 5: {
		Bytes chunk(bytes.begin() + at, bytes.begin() + at + random.below(bytes.size() - at + 1));
		for (size_t left = random.below(16); left > 0 && bytes.size() < 65536; left--)
			bytes.insert(bytes.begin() + at, chunk.begin(), chunk.end());
		break;
	}
	default: {
		uint8_t byte = static_cast<uint8_t>(random.next());
		overwrite(bytes, at, &byte, 1);
	}
	}
}

bool is_complete(const Bytes &bytes)
{
	exec_record r;
	if (bytes.size() < sizeof(r))
		return false;
	memcpy(&r, bytes.data(), sizeof(r));
	size_t strings = size_t{r.asked_size} + r.executable_size + r.cwd_size + r.args_size + r.env_size;
	return r.header.kind == RECORD_TASK && sizeof(r) + strings <= bytes.size();
}

// CPU times of the kernel are far below 2^62 ns (146 years); the sum of two is taken in 64 bits.
void keep_times_possible(Bytes &bytes)
{
	for (size_t at : {offsetof(exit_record, usage.user), offsetof(exit_record, usage.system)})
		if (bytes.size() >= at + 8)
			bytes[at + 7] &= 0x3f;
}

void judge(const Bytes &raw, const uint8_t *out, size_t size)
{
	require(size % 8 == 0 && size <= mayfly::RECORD_MAX, "a size is a multiple of 8 within its bound");
	if (size == 0)
		return;
	require(size <= raw.size() + 16, "a record grows by no more than two slashes");
	record_header header;
	memcpy(&header, out, sizeof(header));
	require(header.size == size, "a record tells its own size");
	require(header.time.nanos < 1'000'000'000 && header.start.nanos < 1'000'000'000,
		"nanoseconds are below a second");
	if (header.kind != RECORD_EXEC && header.kind != RECORD_TASK)
		return;
	exec_record r;
	memcpy(&r, out, sizeof(r));
	size_t strings = size_t{r.asked_size} + r.executable_size + r.cwd_size + r.args_size + r.env_size;
	require(sizeof(r) + strings <= size, "strings lie within the record");
	bool ascii = true;
	for (size_t at = 0; at < strings; at++)
		ascii &= out[sizeof(r) + at] < 0x80;
	require(!ascii || (r.flags & IMAGE_ASCII), "ASCII is told");
}

const mayfly::Environment wanted({"LD_*", "HISTFILE"});

void feed(Bytes bytes, uint8_t *out, bool from_proc)
{
	keep_times_possible(bytes);
	if (from_proc && is_complete(bytes)) {
		mayfly::complete_args(bytes, 4096);
		require(bytes.size() >= sizeof(exec_record), "completed arguments leave a record");
	}
	std::unique_ptr<uint8_t[]> raw(new uint8_t[bytes.size()]);
	std::copy(bytes.begin(), bytes.end(), raw.get());
	judge(bytes, out, mayfly::finish_record(raw.get(), bytes.size(), wanted, out));
}

} // namespace

extern "C" void __asan_set_death_callback(void (*)(void));

int main(int argc, char **argv)
{
	if (argc != 5)
		return 64;
	seed = strtoull(argv[1], nullptr, 10);
	uint64_t from = strtoull(argv[2], nullptr, 10), inputs = strtoull(argv[3], nullptr, 10);
	auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(strtoul(argv[4], nullptr, 10));
	__asan_set_death_callback(tell_input);
	std::vector<Bytes> originals = samples();
	std::unique_ptr<uint8_t[]> out(new uint8_t[mayfly::RECORD_MAX]);
	for (const Bytes &original : originals) {
		feed(original, out.get(), false);
		require(mayfly::finish_record(original.data(), original.size(), wanted, out.get()) != 0,
			"a sample is a record");
	}
	for (current = from; current < from + inputs; current++) {
		if (current % 256 == 0 && std::chrono::steady_clock::now() > deadline)
			break;
		Random random(seed * 0x2545f4914f6cdd1d + current);
		Bytes bytes = originals[random.below(originals.size())];
		for (size_t left = 1 + random.below(8); left > 0; left--)
			mutate_once(bytes, originals[random.below(originals.size())], random);
		if (bytes.size() > mayfly::RECORD_MAX / 2)
			bytes.resize(mayfly::RECORD_MAX / 2);
		feed(bytes, out.get(), random.below(64) == 0);
	}
	printf("inputs %" PRIu64 "\n", current - from);
}
