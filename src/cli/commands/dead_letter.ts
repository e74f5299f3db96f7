import { ExitCode } from "../../errors.ts";
import { connect } from "../../output/elasticsearch/connection.ts";
import {
  type DeadLetterGroup,
  type SendSummary,
  sendDeadLetters,
  summariseDeadLetters,
} from "../../output/elasticsearch/dead_letter_send.ts";
import { printable } from "../../telemetry/printable.ts";
import type { Arguments } from "../arguments.ts";
import { hostOf, settingOf } from "../setting.ts";
import { elasticsearchSettings } from "../shipping.ts";

/** Some are still refused, or could not be sent. */
const SOME_LEFT = 1;

/** Shows the documents that Elasticsearch refused, or sends them again. @returns 0, or 1 when some were refused again */
export async function deadLetter(args: Arguments): Promise<number> {
  const setting = settingOf(args);
  const settings = elasticsearchSettings(setting.config, hostOf(setting).id);
  const { path, maxBytes } = settings.deadLetter;
  if (args.operands[0] !== "send") return list(path);
  return tellSent(await sendDeadLetters(path, maxBytes, await connect(settings)), path);
}

async function list(path: string): Promise<number> {
  const { documents, damaged, groups } = await summariseDeadLetters(path);
  const lines = groups.map(groupText);
  const torn = damaged === 0 ? "" : ` ${damaged} damaged lines are left out.`;
  process.stdout.write(`${documents} documents in ${printable(path)}.${torn}\n${lines.join("")}`);
  return ExitCode.ok;
}

function groupText({ documents, index, status, type, reason, first, latest }: DeadLetterGroup): string {
  return `\n${documents} × ${printable(`${status} ${type}  ${index}`)}\n  ${printable(reason)}\n  ${printable(`${first} to ${latest}`)}\n`;
}

function tellSent({ accepted, refused, kept, damaged, fault }: SendSummary, path: string): number {
  const torn = damaged === 0 ? "" : `, ${damaged} damaged lines left out`;
  process.stdout.write(`${accepted} accepted, ${refused} refused again, ${kept} not sent${torn}.\n`);
  if (fault !== undefined) process.stderr.write(`mayfly: ${printable(fault)}\n`);
  if (refused + kept > 0) process.stdout.write(`They stand in ${printable(path)}: mayfly dead-letter\n`);
  return refused + kept > 0 || fault !== undefined ? SOME_LEFT : ExitCode.ok;
}
