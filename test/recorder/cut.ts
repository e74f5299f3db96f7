import { layout } from "../../src/record/layout.ts";
import { RecordKind } from "../../src/record/record.ts";
import { RecordingSource, RecordingWriter } from "../../src/source/recording.ts";
import { RECORDED_HOST } from "../harness/recorded.ts";
import type { NamedTruth } from "./starter.ts";

interface Raw {
  readonly kind: number;
  /** pid and start ticks: who it tells of. */
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly batch: number;
}

/** Every record of a recording, as the kernel gave it. */
export class Uncut {
  readonly #source: RecordingSource;
  readonly #records: Raw[] = [];

  static async read(path: string): Promise<Uncut> {
    const uncut = new Uncut(path);
    let batch = 0;
    await uncut.#source.start(async (bytes) => uncut.#take(bytes, batch++));
    return uncut;
  }

  private constructor(path: string) {
    this.#source = new RecordingSource(path);
  }

  /**
   * Writes what concerns one program: records of its own processes and of who started it, unchanged, in their batches, each after the
   * clock that was told last. Records of everybody else, and the host's ids, stay out.
   */
  write(path: string, { starter, told }: NamedTruth): void {
    const wanted = new Set(told.selves.map(({ pid, start_ticks }) => `${pid} ${start_ticks}`));
    const starts = `${starter.pid} ${starter.startTicks}`;
    const { header } = this.#source;
    const kernel = header.kernel.replace(/^(\d+(\.\d+)*).*$/, "$1");
    const writer = new RecordingWriter(path, { ...header, ...RECORDED_HOST, kernel });
    let clock: Raw | undefined;
    let batch: Raw[] = [];
    const close = (): void => {
      const bytes = Buffer.concat(batch.map((record) => record.bytes));
      if (batch.length > 0) writer.batch(new Uint8Array(bytes).buffer);
      batch = [];
    };
    for (const record of this.#records) {
      if (record.kind === RecordKind.clock) clock = record;
      const isStart = record.subject === starts && (record.kind === RecordKind.fork || record.kind === RecordKind.exec);
      if (!isStart && !wanted.has(record.subject) && record.kind !== RecordKind.scanned) continue;
      if (batch[0] !== undefined && batch[0].batch !== record.batch) close();
      if (clock !== undefined) batch.push({ ...clock, batch: record.batch });
      clock = undefined;
      batch.push(record);
    }
    close();
    writer.close();
  }

  #take(bytes: ArrayBuffer, batch: number): void {
    const view = new DataView(bytes);
    const at = layout.fork; // every record begins with the same header
    for (let from = 0; from < bytes.byteLength; ) {
      const size = view.getUint32(from + at.headerSize, true);
      const kind = view.getUint32(from + at.headerKind, true);
      const pid = view.getUint32(from + at.headerPid, true);
      const ticks = view.getBigUint64(from + at.headerStartTicks, true);
      const isProcess = kind !== RecordKind.clock && kind !== RecordKind.scanned;
      const subject = isProcess ? `${pid} ${ticks}` : "";
      this.#records.push({ kind, subject, bytes: new Uint8Array(bytes, from, size), batch });
      from += size;
    }
  }
}
