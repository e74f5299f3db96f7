import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { Agent } from "../../agent.ts";
import { MayflyError } from "../../errors.ts";
import type { Pid } from "../../record/record.ts";
import { Destinations } from "../destinations.ts";
import { LookUp } from "../look_up.ts";
import { openKernel, settingsOf } from "../open_kernel.ts";
import { summaryText } from "../pretty/summary.ts";
import { ProcessTree } from "../pretty/tree.ts";
import { documentWriter, isPretty, type Setting } from "../setting.ts";
import { allOf, DocumentSink, followedOnly, TreeSink } from "../sink.ts";
import { terminalStyle } from "../terminal.ts";

/** Exit statuses of a shell for a command that cannot be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a command and shows only its tree, at its end, with a summary. Ends with the command and with its exit status; what it
 * left running is shown as running.
 *
 * With ndjson the command's standard output goes to standard error, so that the documents stay one clean stream.
 */
export async function runCommand(setting: Setting, command: readonly string[]): Promise<number> {
  const { config, log } = setting;
  const { source, offset, ids, host } = openKernel(setting);
  const pretty = config.output.console.enabled && isPretty(config);
  const destinations = new Destinations(config, log, () => undefined);
  const style = terminalStyle();
  const tree = new ProcessTree(style);
  const treeSink = new TreeSink(tree);
  const sink = allOf([treeSink, new DocumentSink(documentWriter(setting, host, ids), destinations.forDocuments, log)]);

  // The tree on a terminal shows nothing of what is looked up.
  const lookUp = destinations.forDocuments.length === 0 ? undefined : new LookUp(config, log);
  const started = performance.now();
  let status = 0;
  const agent: Agent = new Agent(
    source,
    { ...settingsOf(setting, false), enrichment: lookUp?.enrichment },
    offset,
    ids,
    {
      ...followedOnly(sink),
      // The parents of the command are known by now, so its documents can name them.
      onWatching: () => {
        void superviseChild(command, pretty, agent).then((ended) => {
          status = ended;
          agent.stop();
        });
      },
    },
    log,
  );
  await lookUp?.start();
  await agent.run(true);
  if (pretty) {
    const wallSeconds = (performance.now() - started) / 1000;
    destinations.console?.write(tree.render());
    destinations.console?.write(summaryText(tree.family, { wallSeconds, lostRecords: treeSink.lost }, style));
  }
  await Promise.all([destinations.close(), lookUp?.close()]);
  if (destinations.end instanceof MayflyError) throw destinations.end;
  return status;
}

/** Starts the command, follows it, and resolves with its exit status once it has ended. */
function superviseChild([file = "", ...args]: readonly string[], pretty: boolean, agent: Agent): Promise<number> {
  const stdout = pretty ? 1 : 2;
  const child = spawn(file, args, { stdio: [0, stdout, 2] });
  // Its fork record waits in the ring: no batch is decoded before this function returns.
  if (child.pid !== undefined) agent.tracker.follow(child.pid as Pid);
  const release = passSignals(child);
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      process.stderr.write(`mayfly: ${file} cannot be run: ${reasonOf(error)}\n`);
      release();
      resolve(error.code === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE);
    });
    child.once("exit", (code, signal) => {
      release();
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "there is no such command";
  if (error.code === "EACCES") return "it is not executable";
  return error.message;
}

/**
 * Ctrl-C reaches the command by the terminal, which signals the whole foreground group: mayfly only has to outlive it. What is
 * sent to mayfly alone is passed on.
 */
function passSignals(child: ChildProcess): () => void {
  const stay = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on("SIGINT", stay).on("SIGQUIT", stay).on("SIGTERM", pass).on("SIGHUP", pass);
  return () => {
    process.off("SIGINT", stay).off("SIGQUIT", stay).off("SIGTERM", pass).off("SIGHUP", pass);
  };
}
