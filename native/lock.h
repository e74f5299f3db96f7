// SPDX-License-Identifier: Apache-2.0
// lockFile(fd): flock(2), which Node does not offer. The kernel gives it back when the process ends, however it ends.
#pragma once

#include <napi.h>

namespace mayfly {

void init_lock(Napi::Env env, Napi::Object exports);

} // namespace mayfly
