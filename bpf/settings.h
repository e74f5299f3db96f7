/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Set by the addon before it loads an object; constants to the verifier, which drops what they exclude. */
#ifndef MAYFLY_SETTINGS_H
#define MAYFLY_SETTINGS_H

const volatile bool kernel_threads = false; /* watch kernel threads too */
const volatile u32 args_max = 128 * 1024;   /* bytes of arguments to take at most */
const volatile u32 env_max = 0; /* bytes of the environment to look through at most; 0: nobody asks for any */

#endif
