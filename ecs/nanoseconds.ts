/**
 * A span of time in nanoseconds, as the digits of one integer. It is put together as text because 2^53 ns, the most that a
 * number holds exactly, is 104 days. Hot path.
 * @param nanos 0 to 999,999,999
 */
export function nanoseconds(seconds: number, nanos: number): string {
  return seconds === 0 ? `${nanos}` : `${seconds}${String(nanos).padStart(9, "0")}`;
}
