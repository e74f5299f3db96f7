// SPDX-License-Identifier: Apache-2.0
// The addon's entry. Context-aware: everything it holds belongs to a Kernel object, so worker threads can each have their own.
#include <napi.h>

#include "kernel.h"
#include "lock.h"

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	mayfly::Kernel::init(env, exports);
	mayfly::init_lock(env, exports);
	return exports;
}

NODE_API_MODULE(mayfly, init)
