import { ExitCode, MayflyError } from "../errors.ts";
import { version } from "../version.ts";
import { type Arguments, parse } from "./arguments.ts";
import { deadLetter } from "./commands/dead_letter.ts";
import { doctor } from "./commands/doctor.ts";
import { record } from "./commands/record.ts";
import { replay } from "./commands/replay.ts";
import { run } from "./commands/run.ts";
import { setup } from "./commands/setup.ts";
import { status } from "./commands/status.ts";
import { validate } from "./commands/validate.ts";
import { helpText } from "./help.ts";
import { Style } from "./pretty/style.ts";
import { hostOf, settingOf } from "./setting.ts";
import { elasticsearchSettings } from "./shipping.ts";

/** Runs one command line. @returns the exit status; nothing is thrown */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (error instanceof MayflyError) {
      process.stderr.write(`mayfly: ${error.message}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `mayfly: a fault in mayfly itself, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return ExitCode.internal;
  }
}

function dispatch(argv: readonly string[]): Promise<number> | number {
  const args = parse(argv);
  if (args.help) return print(helpText);
  switch (args.command) {
    case "run":
      return run(args);
    case "setup":
      return setupCommand(args);
    case "dead-letter":
      return deadLetter(args);
    case "status":
      return statusCommand(args);
    case "doctor":
      return doctor(args);
    case "record":
      return record(args);
    case "replay":
      return replay(args);
    case "validate":
      return validate({ file: args.operands[0] ?? args.config, stdout: process.stdout, stderr: process.stderr });
    case "version":
      return print(`mayfly ${version} (node ${process.version}, ${process.platform} ${process.arch})\n`);
    case "help":
      return print(helpText);
  }
}

function setupCommand(args: Arguments): Promise<number> {
  const setting = settingOf(args);
  const { config } = setting;
  return setup({
    ...args.setup,
    profile: config.documents.profile,
    namespace: args.namespace,
    connection: elasticsearchSettings(config, hostOf(setting).id),
    stdout: process.stdout,
    style: style(),
  });
}

async function statusCommand(args: Arguments): Promise<number> {
  const { config } = settingOf(args);
  return status({
    address: args.http ?? config.telemetry.http,
    json: args.json,
    stdout: process.stdout,
    stderr: process.stderr,
    style: style(),
  });
}

function style(): Style {
  return new Style({ env: process.env, isTTY: process.stdout.isTTY, columns: () => process.stdout.columns });
}

function print(text: string): number {
  process.stdout.write(text);
  return ExitCode.ok;
}
