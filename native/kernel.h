// SPDX-License-Identifier: Apache-2.0
// The class `Kernel` of the addon: new Kernel(settings), open(), start(onBatch, onEnd), scan(), stats(), stop(), close().
// TypeScript validates what comes in (src/source/kernel.ts); nothing is checked here a second time.
#pragma once

#include <deque>
#include <memory>

#include <napi.h>

#include "batches.h"
#include "probes.h"
#include "reader.h"

namespace mayfly {

class Kernel : public Napi::ObjectWrap<Kernel> {
public:
	static void init(Napi::Env env, Napi::Object exports);
	explicit Kernel(const Napi::CallbackInfo &info);
	~Kernel() override;

private:
	// Loads the probes; returns { pid, startTicks, canScan, clock }: this process as the kernel names it, a clock record.
	Napi::Value open(const Napi::CallbackInfo &info);
	// Attaches, scans if asked to, and calls back with each batch. An open Kernel keeps the event loop alive.
	void start(const Napi::CallbackInfo &info);
	// Gives back the oldest batch that was handed over and not given back yet.
	void done(const Napi::CallbackInfo &info);
	void scan(const Napi::CallbackInfo &info);
	Napi::Value stats(const Napi::CallbackInfo &info);
	// Takes the probes off; after the last batch the end callback is called.
	void stop(const Napi::CallbackInfo &info);
	// Gives everything back at once; may be called at any time and more than once.
	void close(const Napi::CallbackInfo &info);

	void deliver(Napi::Env env, Napi::Function on_batch, std::shared_ptr<Batch> batch);
	void tear_down();
	static void at_exit(void *self);

	Settings settings_{};
	Environment environment_{{}};
	int drain_ms_;
	std::unique_ptr<Probes> probes_;
	std::unique_ptr<BatchPool> pool_;
	std::unique_ptr<Reader> reader_;
	Napi::ThreadSafeFunction to_js_;
	Napi::FunctionReference on_end_;
	std::deque<std::shared_ptr<Batch>> under_way_;
	bool hooked_ = false;
	uint64_t malformed_ = 0, failed_scans_ = 0; // of readers that have ended
};

} // namespace mayfly
