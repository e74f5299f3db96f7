/** Of signal(7), as x86 and arm64 number them: the place is the number. */
const names: readonly string[] = [
  ...["", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS"],
  ...["SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM"],
  ...["SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG"],
  ...["SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS"],
];

/** The first real-time signal that glibc leaves to programs; 32 and 33 are its own. */
const realTimeMin = 34;

/** `SIGSEGV` for 11, `SIGRTMIN` for 34, `SIGRTMIN+3` for 37. 32 and 33 have no name: `SIG32`. */
export function signalName(number: number): string {
  const name = names[number];
  if (name !== undefined && name !== "") return name;
  if (number === realTimeMin) return "SIGRTMIN";
  return number > realTimeMin ? `SIGRTMIN+${number - realTimeMin}` : `SIG${number}`;
}
