import { existsSync, fstatSync, realpathSync, renameSync, statSync } from "node:fs";

/** When a file is put aside for a new one, and how many are kept. */
export interface Rotation {
  /** Bytes that a file has at most; only a single line longer than this makes a larger one. */
  readonly maxSize: number;
  /** Files put aside: FILE.1, the youngest, to FILE.keep. At least 1. */
  readonly keep: number;
}

/**
 * Puts the file open as `fd` aside as PATH.1 and those before it one further; PATH.keep is overwritten. PATH is then to be opened
 * anew. Does nothing when PATH is another file by now: somebody put ours aside already.
 *
 * The files move up only as far as the first number that is free. So a rotation that failed, or was cut off, half way left a
 * free number, and the next one begins there: however often it is tried, no file is lost but PATH.keep.
 * @throws the error of rename(2) or stat(2)
 */
export function putAside(path: string, fd: number, keep: number): void {
  const file = realPath(path);
  if (file === undefined || !isOpenAs(file, fd)) return;
  let free = 1;
  while (free < keep && existsSync(`${file}.${free}`)) free++;
  for (let number = free; number > 1; number--) renameSync(`${file}.${number - 1}`, `${file}.${number}`);
  renameSync(file, `${file}.1`);
}

/** The file itself where the path is a symbolic link: it is rotated in its own folder, and the link stays. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isOpenAs(file: string, fd: number): boolean {
  const [named, open] = [statSync(file), fstatSync(fd)];
  return named.ino === open.ino && named.dev === open.dev;
}
