// SPDX-License-Identifier: Apache-2.0
#include "lock.h"

#include <cerrno>
#include <cstring>

#include <sys/file.h>

namespace mayfly {

namespace {

// True when this open file now has the exclusive lock, false when another has it. Throws Error { errno } as Node does, negative.
Napi::Value lock_file(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	int fd = info[0].As<Napi::Number>().Int32Value();
	int result;
	do {
		result = flock(fd, LOCK_EX | LOCK_NB);
	} while (result != 0 && errno == EINTR);
	if (result == 0)
		return Napi::Boolean::New(env, true);
	if (errno == EWOULDBLOCK)
		return Napi::Boolean::New(env, false);
	int reason = errno;
	Napi::Error error = Napi::Error::New(env, strerror(reason));
	error.Set("errno", Napi::Number::New(env, -reason));
	throw error;
}

} // namespace

void init_lock(Napi::Env env, Napi::Object exports)
{
	exports.Set("lockFile", Napi::Function::New<lock_file>(env, "lockFile"));
}

} // namespace mayfly
