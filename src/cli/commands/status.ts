import { setTimeout as delay } from "node:timers/promises";
import { ExitCode, MayflyError } from "../../errors.ts";
import { type Address, addressText, parseAddress } from "../../telemetry/address.ts";
import { Exposition } from "../../telemetry/exposition.ts";
import { askHealth, type HealthAnswer, noMayfly } from "../../telemetry/reader.ts";
import type { Readiness } from "../../telemetry/readiness.ts";
import { statusText } from "../pretty/status.ts";
import type { Style } from "../pretty/style.ts";
import { type Reading, statusReport } from "../status_report.ts";

const ANSWER_MS = 5000;
const BETWEEN_MS = 1000;
/** Runs, and is not ready: what a script asks for. */
const NOT_READY = 1;

export interface StatusOptions {
  /** Option --http, else telemetry.http of the configuration; undefined when it is not set. */
  readonly address: string | undefined;
  /** Option --json: one JSON object (StatusReport) instead of text. */
  readonly json: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly style: Style;
  /** Between the two readings that the rates are of, and for each answer, in ms. Default 1 s and 5 s. */
  readonly betweenMs?: number;
  readonly answerMs?: number;
}

/**
 * Tells how the mayfly that runs on this host is. Takes a second, for the rates.
 * @returns 0 when it is ready, 1 when it is not or does not answer
 * @throws MayflyError NO_ADDRESS, NOT_RUNNING, NO_MAYFLY (78), USAGE (64), NO_PERMISSION (77)
 */
export async function status(options: StatusOptions): Promise<number> {
  const { answerMs = ANSWER_MS, betweenMs = BETWEEN_MS } = options;
  const address = addressOf(options.address);
  const earlier = await read(address, answerMs);
  if (earlier !== undefined) await delay(betweenMs);
  const now = earlier && (await read(address, answerMs));
  const answer = now && (await askHealth(address, "/readyz", answerMs));
  if (earlier === undefined || now === undefined || answer === undefined) {
    const within = `within ${answerMs / 1000} s`;
    options.stderr.write(`mayfly: somebody listens at ${addressText(address)} and has not answered ${within}.\n`);
    return NOT_READY;
  }
  const report = statusReport(readinessOf(answer), earlier, now);
  options.stdout.write(options.json ? `${JSON.stringify(report)}\n` : statusText(report, options.style));
  return report.ready ? ExitCode.ok : NOT_READY;
}

function addressOf(text: string | undefined): Address {
  if (text === undefined) throw noAddress();
  const reading = parseAddress(text);
  if ("fault" in reading) throw new MayflyError("USAGE", ExitCode.usage, `--http ${reading.fault}.`);
  return reading.value;
}

function noAddress(): MayflyError {
  const lines = [
    "mayfly is not told where to tell how it is: set",
    '  telemetry.http: "127.0.0.1:9464"',
    "in its configuration and start it again, or name the address with --http.",
  ];
  return new MayflyError("NO_ADDRESS", ExitCode.config, lines.join("\n"));
}

/** Undefined when nothing came in time. */
async function read(address: Address, answerMs: number): Promise<Reading | undefined> {
  const answer = await askHealth(address, "/metrics", answerMs);
  if (answer === undefined) return undefined;
  const exposition = expositionOf(answer);
  if (exposition?.labelsOfOne("mayfly_build_info") === undefined)
    throw noMayfly(`what answers at ${addressText(address)} tells no figures of mayfly`);
  return { exposition, at: Date.now() / 1000 };
}

function expositionOf({ status, body }: HealthAnswer): Exposition | undefined {
  try {
    return status === 200 ? new Exposition(body) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readinessOf({ body }: HealthAnswer): Readiness {
  let found: Partial<Readiness> | null;
  try {
    found = JSON.parse(body) as Partial<Readiness> | null;
  } catch {
    found = null;
  }
  const { ready, state, reasons } = found ?? {};
  if (typeof ready !== "boolean" || state === undefined || !Array.isArray(reasons))
    throw noMayfly("its answer to /readyz is none of mayfly's");
  return { ready, state, reasons };
}
