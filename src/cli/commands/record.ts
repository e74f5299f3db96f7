import { release } from "node:os";
import type { ExitCode } from "../../errors.ts";
import { RecordingWriter } from "../../source/recording.ts";
import { version } from "../../version.ts";
import type { Arguments } from "../arguments.ts";
import { openKernel } from "../open_kernel.ts";
import { settingOf } from "../setting.ts";

/** Writes the raw records to a file until a signal or the end of --for. */
export async function record(args: Arguments): Promise<ExitCode> {
  const setting = settingOf(args);
  const path = args.operands[0] as string;
  const { source, offset, host } = openKernel(setting);
  const writer = new RecordingWriter(path, {
    layout: source.layout,
    version,
    machineId: host.machineId ?? "",
    bootId: host.bootId,
    kernel: release(),
    bootOffset: offset,
  });
  let batches = 0;
  let fault: Error | undefined;
  const stop = (): void => source.stop();
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const timer = args.for === undefined ? undefined : setTimeout(stop, args.for);
  setting.log.info(`watching; recording to ${path}`);
  try {
    await source.start(async (bytes) => {
      if (fault !== undefined) return;
      try {
        writer.batch(bytes);
        batches++;
      } catch (error) {
        // Thrown on the addon's call, where nobody could catch it: kept until the source has ended.
        fault = error instanceof Error ? error : new Error(String(error));
        stop();
      }
    });
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
  if (fault !== undefined) throw fault;
  writer.close();
  const lost = source.losses();
  setting.log.info(`recorded ${writer.bytes} bytes to ${path}`, { bytes: writer.bytes, batches, ...lost });
  return 0;
}
