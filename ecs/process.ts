import type { Lifecycle } from "../src/process/lifecycle.ts";
import { exitMembers } from "./exit.ts";
import { identityText } from "./identity.ts";
import { imageText, workingDirectoryText } from "./image.ts";
import { terminalText } from "./terminal.ts";
import { titleText } from "./title.ts";

/** The object `process` up to the credentials, which are followed by originText() and the closing brace. Hot path. */
export function processHead(life: Lifecycle): string {
  const { identity, image, exit } = life;
  return (
    `{${identityText(identity)}` +
    (image === undefined ? "" : imageText(image)) +
    (life.ownImage ? workingDirectoryText(image?.workingDirectory) : "") +
    titleText(life.comm, image?.name) +
    (exit === undefined ? "" : exitMembers(exit)) +
    terminalText(life.session)
  );
}
