import { quoted } from "./json.ts";

/** Bytes of UTF-8 that the kernel keeps of a name (TASK_COMM_LEN without its NUL). */
const commBytes = 15;

/**
 * `,"title":...` of `process`: the name that it goes by, where that is not its program's name, as far as the kernel keeps one.
 * Hot path.
 */
export function titleText(comm: string | undefined, name: string | undefined): string {
  if (comm === undefined || comm === "" || comm === name) return "";
  return name !== undefined && isBeginning(comm, name) ? "" : `,"title":${quoted(comm)}`;
}

/** Whether `comm` is what the kernel keeps of `name`. */
function isBeginning(comm: string, name: string): boolean {
  if (ascii.test(comm)) return comm.length === commBytes && name.startsWith(comm);
  // What was no UTF-8 in the name is U+FFFD in both; how many bytes it was is not known any more.
  if (name.includes("\ufffd")) return name.startsWith(comm.replace(/\ufffd+$/, ""));
  // The last character may be cut, and is U+FFFD then.
  return Buffer.from(name, "utf8").toString("utf8", 0, commBytes) === comm;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are of ASCII, too
const ascii = /^[\x00-\x7f]*$/;
