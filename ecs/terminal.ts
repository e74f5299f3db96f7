import type { Session } from "../src/process/facts.ts";
import { flat } from "./flat.ts";

/** Members of any process, a comma before each. Interactive means: has a controlling terminal. Hot path. */
export function terminalText({ ttyMajor, ttyMinor }: Session): string {
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
