import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { ExitCode, MayflyError } from "../errors.ts";

/** The owner and its group may connect, others may not. */
export const SOCKET_MODE = 0o660;
const ASK_MS = 1000;

/**
 * Removes the socket that a mayfly left behind which was killed.
 * @throws MayflyError TELEMETRY_ADDRESS when somebody listens at it, or it is no socket
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path).isSocket())
    throw addressError(`telemetry.http: ${path} is there and is no socket: remove it, or name another path.`);
  if (await someoneListens(path))
    throw addressError(
      `telemetry.http: somebody listens at ${path} already, probably another mayfly: name another path.`,
    );
  unlinkSync(path);
}

/** Only a refusal proves that nobody does: a listener whose queue is full lets one wait. */
function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (listens: boolean): void => {
      socket.destroy();
      resolve(listens);
    };
    socket.setTimeout(ASK_MS, () => answer(true));
    socket.once("connect", () => answer(true));
    socket.once("error", (error: NodeJS.ErrnoException) => answer(error.code !== "ECONNREFUSED"));
  });
}

export function addressError(message: string, exitCode: ExitCode = ExitCode.config): MayflyError {
  return new MayflyError("TELEMETRY_ADDRESS", exitCode, message);
}
