import { PATIENCE } from "../harness/deadline.ts";
import { procIdentity } from "../harness/identity.ts";
import { testImage, testProcess } from "../harness/life.ts";
import { type Expectation, type Mechanism, mechanisms } from "../harness/mechanism.ts";
import { runProgram } from "../harness/program.ts";
import type { RecordedStarter, RecordedTruth } from "../harness/recorded.ts";

/*
 * starter PAUSE_MS: runs every truth program and prints a RecordedTruth for each, one a line, with its name. It runs from a copy in a
 * folder that says nothing of the checkout (main.ts), because its own path stands in every recording, as the programs' do.
 */

/** Programs mostly wait for their own pauses. */
const AT_ONCE = 8;

export interface NamedTruth extends RecordedTruth {
  readonly name: string;
}

async function truthOf({ program, args, together, apart }: Mechanism, pauseMs: number): Promise<NamedTruth> {
  const told = await runProgram(program, args, pauseMs);
  const expected = (expectation: Expectation): Record<string, readonly string[]> => Object.fromEntries(expectation);
  const name = [program, ...args].join("-");
  const expectations = { together: expected(together), apart: expected(apart) };
  return { name, patience: PATIENCE, pauseMs, ...expectations, starter: starter(), told };
}

function starter(): RecordedStarter {
  const parent = procIdentity(process.ppid);
  if (parent === undefined) throw new Error("its parent has ended");
  const { pid, startTicks } = testProcess;
  return { pid, startTicks, ...testImage, parent: { pid: parent.pid, startTicks: parent.startTicks } };
}

async function main(pauseMs: number): Promise<void> {
  const queue = mechanisms().values();
  const lane = async (): Promise<void> => {
    for (const mechanism of queue) {
      const truth = await truthOf(mechanism, pauseMs);
      process.stdout.write(`${JSON.stringify(truth)}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

await main(Number(process.argv[2]));
