import { type IncomingMessage, request } from "node:http";
import { ExitCode, MayflyError } from "../errors.ts";
import { type Address, addressText } from "./address.ts";

/** All figures are about 15 KB. */
const BODY_MOST = 1024 * 1024;

export interface HealthAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks a running mayfly. Undefined when somebody listens and does not answer in time.
 * @param timeoutMs for the whole answer
 * @throws MayflyError NOT_RUNNING (78) when nobody listens, NO_PERMISSION (77), NO_MAYFLY (78) when what answers is none
 */
export async function askHealth(address: Address, path: string, timeoutMs: number): Promise<HealthAnswer | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await responseOf(address, path, signal);
    return { status: response.statusCode ?? 0, body: await bodyOf(response) };
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof MayflyError) throw error;
    throw askError(address, error as NodeJS.ErrnoException);
  }
}

function responseOf(address: Address, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const at = address.kind === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    request({ ...at, path, signal, agent: false }, resolve)
      .on("error", reject)
      .end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MOST) throw noMayfly("what answers sends more than mayfly has to say");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function noMayfly(why: string): MayflyError {
  return new MayflyError("NO_MAYFLY", ExitCode.config, `This is not mayfly's telemetry.http: ${why}.`);
}

function askError(address: Address, error: NodeJS.ErrnoException): MayflyError {
  const shown = addressText(address);
  switch (error.code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return new MayflyError(
        "NOT_RUNNING",
        ExitCode.config,
        `Nobody listens at ${shown}. Either mayfly is not running, or it runs with another configuration: set\n` +
          `  telemetry.http: "${shown}"\nin the one it is started with, and start it again.`,
      );
    case "EACCES":
    case "EPERM":
      return new MayflyError(
        "NO_PERMISSION",
        ExitCode.permission,
        `You may not ask at ${shown}: only mayfly's own user and group may. Try it as root.`,
      );
    default:
      return noMayfly(`${shown}: ${error.message}`);
  }
}
