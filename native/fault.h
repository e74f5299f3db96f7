// SPDX-License-Identifier: Apache-2.0
// A fault of the kernel side as one coded error. Codes are those of src/source/kernel.ts, which gives them exit codes.
#pragma once

#include <stdexcept>
#include <string>

namespace mayfly {

struct Fault : std::runtime_error {
	Fault(const char *code, const std::string &message) : std::runtime_error(message), code(code) {}

	const char *code;
};

// What libbpf printed on this thread since the guard was made; it prints the verifier's log when a load fails.
class LibbpfLog {
public:
	LibbpfLog();
	~LibbpfLog();
	LibbpfLog(const LibbpfLog &) = delete;
	LibbpfLog &operator=(const LibbpfLog &) = delete;

	const std::string &text() const;
	// The last lines, where the verifier says why.
	std::string tail() const;
};

// Turns an errno of open, load or attach into the sentence that says what to do.
Fault load_fault(int error, const LibbpfLog &log);
Fault attach_fault(int error, const char *program);

} // namespace mayfly
