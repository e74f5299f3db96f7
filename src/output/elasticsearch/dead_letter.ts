import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, stat, unlink } from "node:fs/promises";

/** A document that Elasticsearch refused for what it is; a line of the file. */
export interface DeadLetter {
  /** ISO time of the refusal. */
  readonly when: string;
  /** Data stream that it was meant for. */
  readonly index: string;
  readonly id: string;
  /** Of the item's answer; 409 for a collision, 413 for one that is too large alone. */
  readonly status: number;
  readonly type: string;
  readonly reason: string;
  /** The line as it was sent, byte for byte, without its newline. */
  readonly document: string;
}

/** Documents hold command lines, so only the owner reads them. */
const MODE = 0o600;
const NEWLINE = 0x0a;
/** Bytes of a reason that are kept: Elasticsearch quotes the value it dislikes. */
const MAX_REASON = 1000;

export interface Appended {
  readonly written: number;
  /** Not written, and those of the predecessor's predecessor that had to go. */
  readonly lost: number;
  /** Why something was not written. */
  readonly fault: string | undefined;
}

/** Where refused documents are kept. */
export interface DeadLetters {
  readonly path: string;
  /** Resolves when the documents are with the kernel, or are known to be lost. Never rejects. */
  append(letters: readonly DeadLetter[]): Promise<Appended>;
}

/**
 * NDJSON, bounded: when half of maxBytes is reached the file becomes PATH.1, and what that held before is gone (counted). It is
 * opened for each append, so `mayfly dead-letter send` may take it away at any time. Appends go one after the other.
 */
export class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #maxBytes: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  get path(): string {
    return this.#path;
  }

  append(letters: readonly DeadLetter[]): Promise<Appended> {
    const appended = this.#last.then(() => this.#append(letters));
    this.#last = appended;
    return appended;
  }

  async #append(letters: readonly DeadLetter[]): Promise<Appended> {
    const lines = letters.map(
      (letter) => `${JSON.stringify({ ...letter, reason: letter.reason.slice(0, MAX_REASON) })}\n`,
    );
    let written = 0;
    let lost = 0;
    try {
      let file = await openForAppend(this.#path);
      try {
        let { size } = await file.stat();
        let text = "";
        for (const line of lines) {
          const bytes = Buffer.byteLength(line);
          if (size > 0 && size + bytes > this.#maxBytes / 2) {
            written += await write(file, text);
            text = "";
            await file.close();
            lost += await this.#rotate();
            file = await openForAppend(this.#path);
            size = 0;
          }
          if (bytes > this.#maxBytes / 2) continue;
          text += line;
          size += bytes;
        }
        written += await write(file, text);
      } finally {
        await file.close();
      }
    } catch (error) {
      const fault = `cannot write ${this.#path}: the system says ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
      return { written, lost: lost + letters.length - written, fault };
    }
    return { written, lost: lost + letters.length - written, fault: undefined };
  }

  /** Lines that are gone with the old predecessor. */
  async #rotate(): Promise<number> {
    const old = await countLines(`${this.#path}.1`);
    await rename(this.#path, `${this.#path}.1`);
    return old;
  }
}

/** A last line that a crash cut off gets its newline, so that the next one stands alone. */
async function openForAppend(path: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT, MODE);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0 && (await file.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== NEWLINE)
      await file.write("\n");
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function write(file: FileHandle, text: string): Promise<number> {
  if (text === "") return 0;
  await file.appendFile(text);
  return text.split("\n").length - 1;
}

async function countLines(path: string): Promise<number> {
  try {
    const bytes = await readFile(path);
    let lines = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
    return lines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

/** The letters of one file, oldest first; lines that are none (a crash in the middle of one) are passed to `onDamaged`. */
export async function* readDeadLetters(path: string, onDamaged: (line: string) => void): AsyncGenerator<DeadLetter> {
  if (!(await exists(path))) return;
  for await (const line of linesOf(path)) {
    const letter = parseLetter(line);
    if (letter === undefined) onDamaged(line);
    else yield letter;
  }
}

/** node:readline would also end a line at U+2028, which JSON.stringify leaves as it is. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...begun, chunk.subarray(from, end)]).toString("utf8");
      begun = [];
      from = end + 1;
      if (line !== "") yield line;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield Buffer.concat(begun).toString("utf8");
}

function parseLetter(line: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(line) as DeadLetter;
    const isWhole = [letter.index, letter.id, letter.document].every((text) => typeof text === "string");
    return isWhole ? letter : undefined;
  } catch {
    return undefined;
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

export async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
