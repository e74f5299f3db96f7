import { setPriority } from "node:os";
import { hashExecutable } from "../hash/hash_executable.ts";
import { hashScript } from "../hash/hash_script.ts";
import { packageOf } from "../packages/service.ts";
import { LineSplitter } from "./line_splitter.ts";
import {
  type Course,
  type HelperAnswer,
  type HelperKind,
  type HelperRequest,
  READY,
  type Service,
} from "./protocol.ts";

/*
 * The helper process: it opens and reads files that anyone may have put there, on any file system. Started by helper.ts, never by hand.
 */

const services: Readonly<Record<HelperKind, Service>> = {
  executable: hashExecutable,
  script: hashScript,
  package: packageOf,
};

/** A third of a usual process's share when the machine is full. Threads made from now on have it as well. */
setPriority(5);
const lines = new LineSplitter((line) => void serve(JSON.parse(line) as HelperRequest));
process.stdin.on("data", (chunk: Buffer) => lines.push(chunk));
process.stdin.on("error", end);
process.stdin.on("close", end);
process.stdout.on("error", end);
process.stdout.write(`${READY}\n`);

async function serve({ id, kind, limitMs, body }: HelperRequest): Promise<void> {
  const service = services[kind] as (body: unknown, course: Course) => Promise<unknown>;
  const course: Course = { deadline: performance.now() + limitMs, reached: () => say({ id, reached: true }) };
  try {
    say({ id, answer: await service(body, course) });
  } catch (error) {
    say({ id, fault: String(error) });
  }
}

function say(answer: HelperAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** mayfly has gone. Not process.exit, which waits for threads that a file system holds. */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}
