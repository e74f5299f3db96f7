import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Encoder } from "../../src/record/encode.ts";
import { ImageFlag } from "../../src/record/record.ts";
import { scanProc } from "../../src/source/procfs.ts";
import { CHECKOUT } from "../harness/checkout.ts";
import { clock, exec, exit, fork, ref, state } from "../unit/world.fixture.ts";

const RECORDINGS = join(CHECKOUT, "test", "recordings");
/** The smallest of them; what a large one has more is more of the same. */
const RECORDINGS_MOST = 24;
const RECORDING_MAX_BYTES = 256 * 1024;

/** Real recordings (test/recordings), as far as there are any. */
export function recordings(): Buffer[] {
  if (!existsSync(RECORDINGS)) return [];
  return readdirSync(RECORDINGS, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mayfly"))
    .sort()
    .map((name) => readFileSync(join(RECORDINGS, name)))
    .filter((bytes) => bytes.length <= RECORDING_MAX_BYTES)
    .sort((a, b) => a.length - b.length)
    .slice(0, RECORDINGS_MOST);
}

/** A batch of every kind of record, and everything that a record can be: cut, script, memfd, no arguments, no UTF-8. */
export function livesBatch(): ArrayBuffer {
  const encoder = new Encoder();
  const init = ref(1, 10);
  encoder.clock(clock(1000));
  encoder.task(exec(init, "/usr/lib/systemd/systemd", 1000, { args: ["/sbin/init", "splash", ""] }));
  encoder.scanned(clock(1001));
  for (let pid = 100; pid < 106; pid++) {
    const child = ref(pid, 2000 + pid);
    encoder.fork(fork(child, init, 2000 + pid));
    encoder.exec(exec(child, "/bin/grep", 2001 + pid, images[pid - 100]));
    encoder.exit(exit(child, pid === 103 ? 139 : 256, 2002 + pid));
  }
  encoder.fork(fork(ref(4000, 3000), ref(106, 2106), 3000, { state: state({ uid: 1000, euid: 0, ttyMajor: 136 }) }));
  encoder.clock(clock(4000));
  return encoder.take();
}

const images: readonly Parameters<typeof exec>[3][] = [
  { args: ["grep", "-r", "größer \u{1f98b}", "."], workingDirectory: "/home/ä" },
  { flags: ImageFlag.script, asked: "/usr/local/bin/tool", args: ["python3", "/usr/local/bin/tool"] },
  { flags: ImageFlag.memfd, executable: "memfd:payload", args: [] },
  { flags: ImageFlag.argsTruncated | ImageFlag.cwdTruncated, args: ["x".repeat(600)], argsLength: 70_000 },
  { flags: ImageFlag.argsUnreadable | ImageFlag.noCwd, args: undefined, workingDirectory: undefined },
  { flags: ImageFlag.noExecutable, executable: undefined, args: undefined, file: undefined },
];

/** The processes of this machine, as the scan by /proc makes a batch of them; at most so many bytes. */
export function scannedBatch(most = 16 * 1024): ArrayBuffer {
  const bytes = scanProc({ kernelThreads: true, argsMaxBytes: 512 }).batch;
  const words = new DataView(bytes);
  let end = 0;
  while (end < bytes.byteLength && end + words.getUint32(end, true) <= most) end += words.getUint32(end, true);
  return bytes.slice(0, end);
}
