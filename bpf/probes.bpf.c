// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The probes, one object. Each hook is a file of its own and reads in one order: filter, reserve, fill, submit.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "fork.h"
#include "exec.h"
#include "exit.h"
#include "self.h"

/*
 * Named here so that all their fields are in the object's BTF, from which the decoder's layout is generated. The compiler
 * keeps only a struct's name where nothing but a pointer to it is used, hence whole objects; 1 KB of constants.
 */
const struct fork_record fork_layout __attribute__((used)) = {};
const struct exec_record exec_layout __attribute__((used)) = {};
const struct exit_record exit_layout __attribute__((used)) = {};
const struct change_record change_layout __attribute__((used)) = {}; /* changes.bpf.c */
const struct clock_record clock_layout __attribute__((used)) = {}; /* made by the addon */

char LICENSE[] SEC("license") = "Dual BSD/GPL";
