// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <cstring>

namespace mayfly {

uint32_t turn_path(const char *from, uint32_t size, char *to, bool whole)
{
	if (size == 0) {
		if (whole)
			*to = '/';
		return whole;
	}
	char *out = to;
	const char *end = from + size - 1; // the last component's NUL
	while (true) {
		const char *start = end;
		while (start > from && start[-1] != '\0')
			start--;
		if (whole || out != to)
			*out++ = '/';
		memcpy(out, start, end - start);
		out += end - start;
		if (start == from)
			break;
		end = start - 1;
	}
	return static_cast<uint32_t>(out - to);
}

bool is_ascii(const char *text, size_t size)
{
	uint64_t seen = 0;
	for (; size >= 8; text += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, text, 8);
		seen |= word;
	}
	for (; size > 0; text++, size--)
		seen |= static_cast<unsigned char>(*text);
	return (seen & 0x8080808080808080) == 0;
}

namespace {

// Bytes of the sequence that `first` opens, 0 if none may begin so; sets the range of the byte after it.
int sequence_length(unsigned char first, unsigned char &low, unsigned char &high)
{
	low = 0x80;
	high = 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0) {
		if (first == 0xe0)
			low = 0xa0;
		if (first == 0xed)
			high = 0x9f;
		return 3;
	}
	if (first == 0xf0)
		low = 0x90;
	if (first == 0xf4)
		high = 0x8f;
	return first < 0xf5 ? 4 : 0;
}

} // namespace

bool is_utf8(const char *text, size_t size)
{
	auto *at = reinterpret_cast<const unsigned char *>(text), *end = at + size;
	while (at < end) {
		unsigned char low, high;
		int length = sequence_length(*at, low, high);
		if (length == 0 || end - at < length)
			return false;
		if (length > 1 && (at[1] < low || at[1] > high))
			return false;
		for (int i = 2; i < length; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		at += length;
	}
	return true;
}

} // namespace mayfly
