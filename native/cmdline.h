// SPDX-License-Identifier: Apache-2.0
// The arguments of a process that a scan met and that are too long for the task iterator's buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mayfly {

// Replaces the cut arguments at the end of an unfinished RECORD_TASK by those in /proc, up to args_max bytes. Leaves
// the record as it is, flag and all, when the process has ended or its pid is another's by now.
void complete_args(std::vector<uint8_t> &record, size_t args_max);

} // namespace mayfly
