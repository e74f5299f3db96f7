import { type Image, Quality } from "../src/process/facts.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { exitNotes } from "./exit.ts";
import { argsAreCutInChild } from "./image.ts";
import { quoted } from "./json.ts";
import { leaderNotes, leaderQuality } from "./leaders.ts";
import { qualityText } from "./quality.ts";

/** The members of `mayfly` after `transitions`, a comma before each: what ECS has no field for. Hot path. */
export function mayflyMembers(life: Lifecycle): string {
  const { image, exit, origin, replaced, leaders } = life;
  const parent = origin.parent?.image;
  const shared = ((parent?.quality ?? 0) | (replaced?.quality ?? 0)) & Quality.redacted;
  return (
    (exit === undefined ? "" : exitNotes(exit)) +
    (image === undefined ? "" : imageNotes(image)) +
    (parent !== undefined && argsAreCutInChild(parent) ? ',"parent":{"args_truncated":true}' : "") +
    (replaced !== undefined && argsAreCutInChild(replaced) ? ',"previous":{"args_truncated":true}' : "") +
    leaderNotes(leaders) +
    qualityText(life.quality | shared | leaderQuality(leaders))
  );
}

function imageNotes(image: Image): string {
  const { scriptPath, deleted, memfd } = image;
  return (
    (scriptPath === undefined || scriptPath === "" ? "" : `,"script":{"path":${quoted(scriptPath)}}`) +
    (deleted || memfd ? executableText(deleted, memfd) : "") +
    ((image.quality & Quality.argsTruncated) === 0 ? "" : `,"args":{"length":${image.argsLength}}`)
  );
}

function executableText(deleted: boolean, memfd: boolean): string {
  if (deleted && memfd) return ',"executable":{"deleted":true,"memfd":true}';
  return deleted ? ',"executable":{"deleted":true}' : ',"executable":{"memfd":true}';
}
