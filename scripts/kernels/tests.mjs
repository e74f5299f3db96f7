/** Test files, below test/, that every kernel runs: those of what differs between kernels. */
export const TESTS = [
  "live/mechanisms",
  "live/arguments",
  "live/kernel_source",
  "live/procfs",
  "kernels/changes",
  "kernels/storm",
];

/** On another architecture: that everything is told as it was. */
export const ARM64_TESTS = ["live/mechanisms"];

/** What they do not run, and why. docs/kernels.md shows it. */
export const LEFT_OUT = [
  ["test/unit, test/contract", "nothing in them asks the kernel"],
  [
    "the rest of test/live: command line, outputs, recordings, doctor, redaction, attack-like sequences, names, hashes",
    "each test starts mayfly, which takes an emulated processor 5 to 15 s; what they look at begins behind the records",
  ],
  [
    "test/serial: 50,000 lives, 10,000 processes at the start, pid_max, losses",
    "emulation makes 20 to 50 lives a second, where this needs thousands; in their place 2,000 lives",
  ],
  [
    "the words of the profile `elastic`",
    "every collector costs an emulated processor a minute, and words are made long after the kernel has spoken",
  ],
  [
    "on arm64, all but live/mechanisms",
    "what differs between kernels is seen on amd64; here the layout of records, of kernel types and of arguments is",
  ],
  [
    "CPU times of a process are only compared from above",
    "an emulated processor stands still for any time between the exit hook and wait4(2), and the guest counts it",
  ],
];
