/** What one look found. `bad` means that `run` would not work; `warn` that something is less than it could be. */
export interface Finding {
  readonly name: string;
  readonly state: "good" | "warn" | "bad";
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}
