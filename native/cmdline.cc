// SPDX-License-Identifier: Apache-2.0
#include "cmdline.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "../bpf/record.h"

namespace mayfly {

namespace {

constexpr uint64_t NANOS_PER_TICK = 10000000;

std::vector<uint8_t> read_file(const char *path, size_t most)
{
	std::vector<uint8_t> bytes;
	std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path, "re"), fclose);
	if (!file)
		return bytes;
	bytes.resize(most);
	bytes.resize(fread(bytes.data(), 1, most, file.get()));
	return bytes;
}

// Field 22 of /proc/PID/stat; the name in field 2 may hold anything and ends with the last parenthesis.
uint64_t start_ticks(const char *path)
{
	std::vector<uint8_t> bytes = read_file(path, 4096);
	std::string text(bytes.begin(), bytes.end());
	size_t at = text.rfind(')');
	for (int field = 2; field < 22 && at != std::string::npos; field++)
		at = text.find(' ', at + 1);
	return at == std::string::npos ? 0 : strtoull(text.c_str() + at, nullptr, 10);
}

} // namespace

void complete_args(std::vector<uint8_t> &record, size_t args_max)
{
	auto *r = reinterpret_cast<exec_record *>(record.data());
	size_t wanted = std::min<size_t>(r->args_length, args_max);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/cmdline", r->header.pid);
	std::vector<uint8_t> args = read_file(path, wanted);
	snprintf(path, sizeof(path), "/proc/%u/stat", r->header.pid);
	if (args.size() <= r->args_size || start_ticks(path) != r->header.start.ns / NANOS_PER_TICK)
		return;
	size_t before = sizeof(*r) + r->asked_size + r->executable_size + r->cwd_size;
	if (args.size() == r->args_length)
		r->flags &= ~IMAGE_ARGS_TRUNCATED;
	r->args_size = args.size();
	r->env_size = 0; // it was not reached
	r->header.size = (before + args.size() + 7) & ~size_t{7};
	record.resize(r->header.size);
	std::copy(args.begin(), args.end(), record.begin() + before);
}

} // namespace mayfly
