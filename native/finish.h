// SPDX-License-Identifier: Apache-2.0
// HOT PATH, budget 0.3 us a record. Copies a record out of the ring and finishes what the probe left undone because it is
// cheaper here: times, paths, the scaling of CPU times. bpf/record.h says which field is in which state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "environment.h"

namespace mayfly {

// The largest record that a probe can reserve (bpf/exec.h, class 4), rounded up.
constexpr size_t RECORD_MAX = 640 * 1024;

// Writes the finished record to `out`, which has room for RECORD_MAX bytes. Returns its size, a multiple of 8, or 0 when
// the bytes are no record (a probe and an addon of different builds).
size_t finish_record(const void *raw, size_t size, const Environment &environment, uint8_t *out);

// A RECORD_CLOCK or RECORD_SCANNED with both clocks as they are now.
size_t clock_record(uint32_t kind, uint8_t *out);

} // namespace mayfly
