// SPDX-License-Identifier: Apache-2.0
#include "kernel.h"

#include <cstring>

#include "fault.h"
#include "finish.h"

namespace mayfly {

namespace {

// Of an environment that is larger the end is not looked through. As large as the arguments that are taken by default.
constexpr uint32_t ENV_MAX = 128 * 1024;

Napi::Error to_js_error(Napi::Env env, const Fault &fault)
{
	Napi::Error error = Napi::Error::New(env, fault.what());
	error.Set("code", Napi::String::New(env, fault.code));
	return error;
}

// One RECORD_CLOCK, for what must be known before the first batch.
Napi::ArrayBuffer clock_sample(Napi::Env env)
{
	uint8_t bytes[sizeof(struct clock_record)];
	size_t size = clock_record(RECORD_CLOCK, bytes);
	Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, size);
	memcpy(buffer.Data(), bytes, size);
	return buffer;
}

// What the callback throws is an uncaught exception of the program. Node-API before version 10 would only warn of it and go on.
void call(Napi::Function function, const std::vector<napi_value> &arguments)
{
	try {
		function.Call(arguments);
	} catch (const Napi::Error &error) {
		napi_fatal_exception(function.Env(), error.Value());
	}
}

std::vector<std::string> strings(const Napi::Object &from, const char *name)
{
	Napi::Array array = from.Get(name).As<Napi::Array>();
	std::vector<std::string> list;
	for (uint32_t i = 0; i < array.Length(); i++)
		list.push_back(array.Get(i).As<Napi::String>());
	return list;
}

const char *word_of(Changes::Way way)
{
	switch (way) {
	case Changes::Way::fentry:
		return "fentry";
	case Changes::Way::tracepoint:
		return "tracepoint";
	default:
		return "none";
	}
}

uint32_t number(const Napi::Object &from, const char *name)
{
	return from.Get(name).As<Napi::Number>().Uint32Value();
}

} // namespace

void Kernel::init(Napi::Env env, Napi::Object exports)
{
	exports.Set("Kernel", DefineClass(env, "Kernel",
					  {
						  InstanceMethod<&Kernel::open>("open"),
						  InstanceMethod<&Kernel::start>("start"),
						  InstanceMethod<&Kernel::done>("done"),
						  InstanceMethod<&Kernel::scan>("scan"),
						  InstanceMethod<&Kernel::stats>("stats"),
						  InstanceMethod<&Kernel::stop>("stop"),
						  InstanceMethod<&Kernel::close>("close"),
					  }));
}

Kernel::Kernel(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Kernel>(info)
{
	Napi::Object o = info[0].As<Napi::Object>();
	environment_ = Environment(strings(o, "environment"));
	settings_ = {.kernel_threads = o.Get("kernelThreads").As<Napi::Boolean>(),
		     .args_max = number(o, "argsMaxBytes"),
		     .env_max = environment_.is_empty() ? 0 : ENV_MAX,
		     .changes = o.Get("changes").As<Napi::Boolean>(),
		     .ring_bytes = number(o, "ringBytes"),
		     .wakeup_bytes = number(o, "wakeupBytes")};
	drain_ms_ = number(o, "drainMs");
}

Kernel::~Kernel()
{
	tear_down();
}

Napi::Value Kernel::open(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	try {
		if (!probes_)
			probes_ = std::make_unique<Probes>(settings_);
		task_ref self = probes_->self();
		Napi::Object result = Napi::Object::New(env);
		result.Set("pid", self.pid);
		result.Set("startTicks", static_cast<double>(self.start.ns / 10000000));
		result.Set("canScan", probes_->can_scan());
		result.Set("clock", clock_sample(env));
		return result;
	} catch (const Fault &fault) {
		throw to_js_error(env, fault);
	}
}

void Kernel::start(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bool scan_first = info[2].As<Napi::Boolean>();
	try {
		probes_->attach();
		pool_ = std::make_unique<BatchPool>();
		on_end_ = Napi::Persistent(info[1].As<Napi::Function>());
		// The queue holds at most the pool's batches.
		to_js_ = Napi::ThreadSafeFunction::New(env, info[0].As<Napi::Function>(), "mayfly records", BATCHES, 1);
		Ref(); // not collected while the thread runs
		napi_add_env_cleanup_hook(env, at_exit, this);
		hooked_ = true;
		auto hand_over = [this](std::shared_ptr<Batch> batch) {
			to_js_.BlockingCall(
				[this, batch = std::move(batch)](Napi::Env env, Napi::Function on_batch) mutable {
					deliver(env, on_batch, std::move(batch));
				});
		};
		reader_ = std::make_unique<Reader>(*probes_, *pool_, drain_ms_, settings_.args_max, environment_,
						   scan_first, hand_over);
	} catch (const Fault &fault) {
		tear_down();
		throw to_js_error(env, fault);
	}
}

// On JavaScript's thread. The ArrayBuffer is JavaScript's own, a copy of what the batch holds; the batch is kept until done() all
// the same, so that there are never more copies than batches.
void Kernel::deliver(Napi::Env env, Napi::Function on_batch, std::shared_ptr<Batch> batch)
{
	if (!reader_)
		return; // closed while this call was on its way
	if (batch->size > 0) {
		Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, batch->size);
		memcpy(bytes.Data(), batch->bytes.get(), batch->size);
		under_way_.push_back(batch);
		call(on_batch, {bytes});
	}
	if (batch->last && reader_) {
		Napi::FunctionReference on_end = std::move(on_end_);
		tear_down();
		call(on_end.Value(), {});
	}
}

void Kernel::done(const Napi::CallbackInfo &)
{
	if (under_way_.empty() || !pool_)
		return;
	pool_->give_back(under_way_.front());
	under_way_.pop_front();
}

void Kernel::scan(const Napi::CallbackInfo &)
{
	if (reader_)
		reader_->request_scan();
}

Napi::Value Kernel::stats(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object result = Napi::Object::New(env), lost = Napi::Object::New(env), missed = Napi::Object::New(env);
	if (probes_) {
		Counters c = probes_->counters();
		lost.Set("fork", static_cast<double>(c.lost_fork));
		lost.Set("exec", static_cast<double>(c.lost_exec));
		lost.Set("exit", static_cast<double>(c.lost_exit));
		lost.Set("change", static_cast<double>(c.lost_change));
		for (const auto &[name, count] : c.missed)
			missed.Set(name, static_cast<double>(count));
	}
	const Changes *changes = probes_ ? probes_->changes() : nullptr;
	result.Set("changes", word_of(changes ? changes->way() : Changes::Way::none));
	result.Set("changesReason", changes ? changes->reason() : "");
	result.Set("lost", lost);
	result.Set("missed", missed);
	result.Set("malformed", static_cast<double>(malformed_ + (reader_ ? reader_->malformed() : 0)));
	result.Set("failedScans", static_cast<double>(failed_scans_ + (reader_ ? reader_->failed_scans() : 0)));
	return result;
}

void Kernel::stop(const Napi::CallbackInfo &)
{
	if (reader_)
		reader_->finish();
}

void Kernel::close(const Napi::CallbackInfo &)
{
	tear_down();
	probes_.reset();
}

void Kernel::tear_down()
{
	if (hooked_) {
		napi_remove_env_cleanup_hook(Env(), at_exit, this);
		hooked_ = false;
		// A reader that waits in BlockingCall or for a batch must come free before it can be joined.
		to_js_.Abort();
		malformed_ += reader_->malformed();
		failed_scans_ += reader_->failed_scans();
		reader_.reset();
		under_way_.clear();
		Unref();
	}
	on_end_.Reset();
}

// The environment ends (process.exit(), a worker that is terminated) while the reader runs.
void Kernel::at_exit(void *self)
{
	auto *kernel = static_cast<Kernel *>(self);
	kernel->to_js_.Abort();
	kernel->reader_.reset();
	kernel->probes_.reset();
	kernel->hooked_ = false;
}

} // namespace mayfly
