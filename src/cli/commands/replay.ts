import { Agent } from "../../agent.ts";
import { type ExitCode, MayflyError } from "../../errors.ts";
import { EntityIds } from "../../process/identity.ts";
import { RecordingSource } from "../../source/recording.ts";
import type { Arguments } from "../arguments.ts";
import { Destinations } from "../destinations.ts";
import { settingsOf } from "../open_kernel.ts";
import { Progress } from "../progress.ts";
import { documentWriter, hostOf, isPretty, settingOf } from "../setting.ts";
import { DocumentSink, RowSink } from "../sink.ts";
import { terminalRows } from "../terminal.ts";

/** Makes the documents of a recording. Time is the recording's own, so the same recording always gives the same ones. */
export async function replay(args: Arguments): Promise<ExitCode> {
  const setting = settingOf(args);
  const { config, log } = setting;
  const progress = new Progress(process.stderr);
  const source = new RecordingSource(args.operands[0] as string, (read, size) => progress.show(read, size));
  const { machineId, bootId, bootOffset, kernel } = source.header;
  const ids = new EntityIds(machineId, bootId, config.identity.salt);
  const host = { ...hostOf(setting), id: machineId || bootId, machineId: machineId || undefined, bootId };
  const recorded = { ...host, os: { ...host.os, kernel } };
  const destinations = new Destinations(config, log, () => source.stop());
  const { console: out } = destinations;
  const sink =
    out !== undefined && isPretty(config)
      ? new RowSink(terminalRows(), out)
      : new DocumentSink(documentWriter(setting, recorded, ids), destinations.all, log);
  const agent = new Agent(source, settingsOf(setting, true), bootOffset, ids, sink, log);
  const stop = (): void => source.stop();
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    await agent.run(false);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    progress.clear();
    await destinations.close();
  }
  if (destinations.end instanceof MayflyError) throw destinations.end;
  return 0;
}
