import { ships } from "../../../config/load.ts";
import { Agent, type AgentEvents } from "../../agent.ts";
import { type ExitCode, MayflyError } from "../../errors.ts";
import type { Arguments } from "../arguments.ts";
import { Destinations } from "../destinations.ts";
import { Health } from "../health.ts";
import { LookUp } from "../look_up.ts";
import { openKernel, settingsOf, tellOfChanges } from "../open_kernel.ts";
import { documentWriter, isPretty, metricNotes, type Setting, settingOf } from "../setting.ts";
import { Shipment } from "../shipment.ts";
import { allOf, DocumentSink, RowSink, type Sink } from "../sink.ts";
import { terminalRows } from "../terminal.ts";
import { keepYoungGeneration, warmUp } from "../warm_up.ts";
import { runCommand } from "./run_command.ts";

/** Watches until a signal, the end of --for, or the end of whoever reads. */
export async function run(args: Arguments): Promise<number> {
  const setting = settingOf(args);
  return args.child === undefined ? watch(args, setting) : runCommand(setting, args.child);
}

async function watch(args: Arguments, setting: Setting): Promise<ExitCode> {
  const { config, log } = setting;
  let agent: Agent | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    agent?.stop();
  };
  const { source, offset, ids, host } = openKernel(setting);
  const writer = documentWriter(setting, host, ids);
  const shipment = ships(config) ? await Shipment.open(setting, host, writer) : undefined;
  const destinations = new Destinations(config, log, stop, writer, shipment);
  const sink = watchSink(setting, destinations, writer);
  keepYoungGeneration();
  const settings = settingsOf(setting, args.snapshot);
  const { merge, redactor } = settings;
  const warming = warmUp({ writer: documentWriter(setting, host, ids), ids, log, merge, redactor });
  const events: AgentEvents = {
    onLife: (life) => sink.onLife(life),
    onWatching: (found, since) => {
      health.state = "watching";
      tellOfChanges(config, source, log);
      sink.onWatching(found);
      if (agent !== undefined) shipment?.watching(agent, since);
    },
    onLoss: (loss) => sink.onLoss(loss),
    behind: () => sink.behind(),
    catchUp: () => sink.catchUp(),
  };
  // Rows on a terminal show nothing of what is looked up.
  const lookUp = destinations.forDocuments.length === 0 ? undefined : new LookUp(config, log);
  agent = new Agent(source, { ...settings, enrichment: lookUp?.enrichment }, offset, ids, events, log);
  const health = new Health(agent, destinations, log, {
    redactions: () => settings.redactor?.counters.rules ?? {},
    lookUp,
  });
  const release = onSignals(stop, () => destinations.file?.reopen());
  const timer = args.for === undefined ? undefined : setTimeout(stop, args.for);
  try {
    await health.open(config, () => metricNotes(setting, host, ids));
    await lookUp?.start();
    const ended = agent.run(true);
    if (stopped) agent.stop();
    await ended;
  } finally {
    clearTimeout(timer);
    health.stopping();
    warming.cancel();
    await Promise.all([destinations.close(), lookUp?.close()]);
    await health.close();
    log.flushRepeated(true);
    release();
  }
  log.debug("stopped", { ...agent.tracker.counters });
  if (destinations.end instanceof MayflyError) throw destinations.end;
  return 0;
}

function watchSink(setting: Setting, destinations: Destinations, writer: ReturnType<typeof documentWriter>): Sink {
  const { config, log } = setting;
  if (destinations.console === undefined || !isPretty(config)) return new DocumentSink(writer, destinations.all, log);
  const rows = new RowSink(terminalRows(), destinations.console);
  if (destinations.forDocuments.length === 0) return rows;
  return allOf([rows, new DocumentSink(writer, destinations.forDocuments, log)]);
}

/**
 * The first SIGINT or SIGTERM ends with everything flushed; a second one, of somebody who will not wait, ends at once.
 * SIGHUP opens files anew, for log rotation; without a file it ends mayfly as it does any program whose terminal goes.
 * @returns takes the handlers off
 */
function onSignals(stop: () => void, reopen: () => Promise<void> | undefined): () => void {
  let asked = 0;
  const end = (signal: NodeJS.Signals): void => {
    asked++;
    if (asked > 1) process.exit(signal === "SIGINT" ? 130 : 143);
    stop();
  };
  const hangUp = (): void => {
    const reopening = reopen();
    if (reopening === undefined) stop();
    else
      reopening.catch((error: unknown) => {
        process.stderr.write(`mayfly: ${error instanceof Error ? error.message : String(error)}\n`);
      });
  };
  process.on("SIGINT", end).on("SIGTERM", end).on("SIGHUP", hangUp);
  return () => {
    process.off("SIGINT", end).off("SIGTERM", end).off("SIGHUP", hangUp);
  };
}
