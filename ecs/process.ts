import type { Session } from "../src/process/facts.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { exitMembers } from "./exit.ts";
import { flat } from "./flat.ts";
import { imageText, workingDirectoryText } from "./image.ts";

/** The object `process` up to the credentials, which are followed by originText() and the closing brace. Hot path. */
export function processHead(life: Lifecycle): string {
  const { identity, image, exit } = life;
  return (
    `{"pid":${identity.pid},"entity_id":"${identity.entityId}","start":"${identity.start.iso()}"` +
    (image === undefined ? "" : imageText(image)) +
    (life.ownImage ? workingDirectoryText(image?.workingDirectory) : "") +
    (exit === undefined ? "" : exitMembers(exit)) +
    terminalText(life.session)
  );
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
