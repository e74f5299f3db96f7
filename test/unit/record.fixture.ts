import type {
  ChangeRecord,
  ClockRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  RecordHandler,
} from "../../src/record/record.ts";

export type Heard =
  | { readonly kind: "fork"; readonly record: ForkRecord }
  | { readonly kind: "exec" | "task"; readonly record: ExecRecord }
  | { readonly kind: "exit"; readonly record: ExitRecord }
  | { readonly kind: "change"; readonly record: ChangeRecord }
  | { readonly kind: "clock" | "scanned"; readonly record: ClockRecord };

/** Keeps what a decoder tells. */
export class Listener implements RecordHandler {
  readonly heard: Heard[] = [];

  onFork(record: ForkRecord): void {
    this.heard.push({ kind: "fork", record });
  }
  onExec(record: ExecRecord): void {
    this.heard.push({ kind: "exec", record });
  }
  onExit(record: ExitRecord): void {
    this.heard.push({ kind: "exit", record });
  }
  onChange(record: ChangeRecord): void {
    this.heard.push({ kind: "change", record });
  }
  onTask(record: ExecRecord): void {
    this.heard.push({ kind: "task", record });
  }
  onClock(record: ClockRecord): void {
    this.heard.push({ kind: "clock", record });
  }
  onScanned(record: ClockRecord): void {
    this.heard.push({ kind: "scanned", record });
  }
}
