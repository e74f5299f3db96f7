// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include <cstring>

namespace mayfly {

Environment::Environment(const std::vector<std::string> &names)
{
	for (const std::string &name : names) {
		if (name.empty())
			continue;
		bool is_beginning = name.back() == '*';
		wanted_.push_back(is_beginning ? name.substr(0, name.size() - 1) : name + "=");
		if (wanted_.back().empty()) // `*`: every name
			memset(first_, true, sizeof(first_));
		else
			first_[static_cast<uint8_t>(name.front())] = true;
	}
}

bool Environment::is_wanted(std::string_view variable) const
{
	if (variable.empty() || !first_[static_cast<uint8_t>(variable.front())])
		return false;
	for (const std::string &beginning : wanted_)
		if (variable.compare(0, beginning.size(), beginning) == 0)
			return true;
	return false;
}

size_t Environment::copy_wanted(const char *from, size_t size, char *to) const
{
	const char *begin = to, *end = from + size;
	while (from < end) {
		auto *nul = static_cast<const char *>(memchr(from, 0, end - from));
		if (!nul)
			break;
		size_t length = nul - from;
		if (is_wanted({from, length})) {
			memmove(to, from, length + 1);
			to += length + 1;
		}
		from = nul + 1;
	}
	return to - begin;
}

} // namespace mayfly
