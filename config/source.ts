import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { ExitCode, MayflyError } from "../src/errors.ts";
import { printable } from "../src/telemetry/printable.ts";
import { ConfigInvalid } from "./problem.ts";

/** The text of a configuration file. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Far above any configuration; keeps `--config /dev/zero` from eating the memory. */
const maxBytes = 256 * 1024;

/** Reads a file, or a pipe such as /dev/stdin. Throws CONFIG_UNREADABLE, or CONFIG_INVALID when it is no text. */
export function readSource(file: string): Source {
  const bytes = readBounded(file);
  if (bytes.length > maxBytes) throw unreadable(file, "it is larger than 256 KiB, which no configuration is");
  // A byte order mark is dropped here.
  const text = new TextDecoder().decode(bytes);
  const stray = text.indexOf(isUtf8(bytes) ? "\0" : "\uFFFD");
  if (stray >= 0) {
    const message = "not UTF-8 text: save the file as UTF-8, without NUL bytes";
    throw new ConfigInvalid(file, [{ path: "", ...position(text, stray), message }]);
  }
  return { file, text };
}

/** Line and column, from 1, of an offset; one behind the last word of the file counts as its end. */
export function position(text: string, offset: number): { line: number; column: number } {
  const end = Math.min(offset, text.trimEnd().length);
  const before = text.slice(0, end).split(/\r?\n/);
  return { line: before.length, column: Array.from(before.at(-1) ?? "").length + 1 };
}

function readBounded(file: string): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(file, "r");
    const chunks: Buffer[] = [];
    for (let total = 0; total <= maxBytes; ) {
      const chunk = Buffer.alloc(64 * 1024);
      const taken = readSync(fd, chunk);
      if (taken === 0) break;
      chunks.push(chunk.subarray(0, taken));
      total += taken;
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw unreadable(file, reason(error as NodeJS.ErrnoException), { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "there is no such file; give another with --config";
    case "EACCES":
    case "EPERM":
      return "permission denied: make it readable for this user, or run mayfly as root";
    case "EISDIR":
      return "it is a folder: name the file in it";
    default:
      return error.message;
  }
}

function unreadable(file: string, why: string, options?: ErrorOptions): MayflyError {
  const message = `cannot read the configuration ${printable(file)}: ${why}`;
  return new MayflyError("CONFIG_UNREADABLE", ExitCode.config, message, options);
}
