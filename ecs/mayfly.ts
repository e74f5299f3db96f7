import { type Image, Quality } from "../src/process/facts.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { exitNotes } from "./exit.ts";
import { executableText, findingsQuality, scriptText } from "./findings.ts";
import { argsAreCutInChild } from "./image.ts";
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
    qualityText(life.quality | shared | leaderQuality(leaders) | findingsQuality(image?.findings))
  );
}

function imageNotes(image: Image): string {
  return (
    scriptText(image) +
    executableText(image) +
    ((image.quality & Quality.argsTruncated) === 0 ? "" : `,"args":{"length":${image.argsLength}}`)
  );
}
