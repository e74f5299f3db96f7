import type { Session } from "../src/process/facts.ts";
import { type Lifecycle, Transition } from "../src/process/lifecycle.ts";
import type { CredentialsText } from "./credentials.ts";
import { exitMembers } from "./exit.ts";
import { flat } from "./flat.ts";
import { imageText, workingDirectoryText } from "./image.ts";
import { originText } from "./parent.ts";

/** The object `process`. Hot path: once a document. */
export function processText(life: Lifecycle, credentials: CredentialsText): string {
  const { identity, image, exit } = life;
  return (
    `{"pid":${identity.pid},"entity_id":"${identity.entityId}","start":"${identity.start.iso()}"` +
    (image === undefined ? "" : imageText(image)) +
    (ownsWorkingDirectory(life) ? workingDirectoryText(image?.workingDirectory) : "") +
    (exit === undefined ? "" : exitMembers(exit)) +
    terminalText(life.session) +
    credentials.ofProcess +
    originText(life.origin) +
    "}"
  );
}

/** A bare fork has only the directory that its image's process had at exec, and may be elsewhere by now. */
function ownsWorkingDirectory(life: Lifecycle): boolean {
  return life.execSeen || (life.transitions & Transition.found) !== 0;
}

/** Interactive means: has a controlling terminal. */
function terminalText({ ttyMajor, ttyMinor }: Session): string {
  if (ttyMajor === 0 && ttyMinor === 0) return ',"interactive":false';
  if (ttyMajor !== lastMajor || ttyMinor !== lastMinor) {
    lastMajor = ttyMajor;
    lastMinor = ttyMinor;
    lastText = flat(`,"interactive":true,"tty":{"char_device":{"major":${ttyMajor},"minor":${ttyMinor}}}`);
  }
  return lastText;
}

/** Neighbours in the stream mostly share a terminal: one piece instead of five. */
let lastMajor = 0;
let lastMinor = 0;
let lastText = "";
