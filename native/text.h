// SPDX-License-Identifier: Apache-2.0
// HOT PATH. What the bytes of a record's strings are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mayfly {

// Turns a leaf-first run of components, each closed by NUL ("true\0bin\0usr\0"), into a path ("/usr/bin/true").
// No component at all is the root, "/". When not `whole` (cut, or a memfd, which hangs in no directory) no slash is put in front.
// Returns the bytes written, never more than size + 1.
uint32_t turn_path(const char *from, uint32_t size, char *to, bool whole);

bool is_ascii(const char *text, size_t size);

// As the Unicode standard has it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(const char *text, size_t size);

} // namespace mayfly
