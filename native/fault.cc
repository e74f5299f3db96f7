// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <bpf/libbpf.h>

namespace mayfly {

namespace {

// libbpf has one print function for the whole process; worker threads may each load their own probes.
thread_local std::string *collecting = nullptr;

constexpr size_t LOG_MAX = 1024 * 1024;
constexpr int TAIL_LINES = 12;

int collect(enum libbpf_print_level level, const char *format, va_list args)
{
	if (!collecting || level == LIBBPF_DEBUG)
		return 0;
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(nullptr, 0, format, args);
	if (length > 0 && collecting->size() + length < LOG_MAX) {
		size_t at = collecting->size();
		collecting->resize(at + length + 1);
		vsnprintf(collecting->data() + at, length + 1, format, again);
		collecting->resize(at + length);
	}
	va_end(again);
	return length;
}

} // namespace

LibbpfLog::LibbpfLog()
{
	collecting = new std::string;
	libbpf_set_print(collect);
}

LibbpfLog::~LibbpfLog()
{
	delete collecting;
	collecting = nullptr;
}

const std::string &LibbpfLog::text() const
{
	return *collecting;
}

std::string LibbpfLog::tail() const
{
	const std::string &all = *collecting;
	size_t at = all.size();
	for (int lines = 0; at > 0; at--)
		if (all[at - 1] == '\n' && ++lines > TAIL_LINES)
			break;
	return all.substr(at);
}

Fault load_fault(int error, const LibbpfLog &log)
{
	if (log.text().find("BEGIN PROG LOAD LOG") != std::string::npos && error != EPERM)
		return Fault("VERIFIER_REJECTED",
			     "The kernel's verifier rejected a probe. Please report this with the output of "
			     "`mayfly doctor`. The verifier's last lines:\n" +
				     log.tail());
	switch (error) {
	case EPERM:
	case EACCES:
		return Fault("NO_PERMISSION",
			     "The kernel does not allow loading BPF programs: run mayfly as root, or give it "
			     "CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE.");
	case ENOMEM:
		return Fault("NO_MEMORY",
			     "The kernel has no memory for the probes: free some, or raise `ulimit -l` on kernels "
			     "before 5.11.");
	case ESRCH:
	case ENOENT:
		return Fault("NO_BTF",
			     "This kernel lacks type information (BTF) for a hook that mayfly needs: use a kernel "
			     "5.10 or newer built with CONFIG_DEBUG_INFO_BTF=y.\n" +
				     log.tail());
	default:
		return Fault("LOAD_FAILED", std::string("The probes cannot be loaded (") + strerror(error) +
						    "): mayfly needs a kernel 5.10 or newer with BTF. libbpf said:\n" +
						    log.tail());
	}
}

Fault attach_fault(int error, const char *program)
{
	if (error == EPERM || error == EACCES)
		return Fault("NO_PERMISSION", std::string("The kernel does not allow attaching ") + program +
						      ": run mayfly as root, or give it CAP_BPF and CAP_PERFMON.");
	return Fault("ATTACH_FAILED", std::string("The probe ") + program + " cannot be attached (" + strerror(error) +
					      "): run `mayfly doctor` to see which hooks this kernel has.");
}

} // namespace mayfly
