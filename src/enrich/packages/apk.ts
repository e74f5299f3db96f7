import type { PackageCounters } from "./counters.ts";
import { eachLine, isWord } from "./lines.ts";
import type { Owners } from "./owners.ts";
import type { RootVisit } from "./root_visit.ts";

/** Of apk-tools 2, and of Alpine with /usr merged. */
const FILES = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
export const APK_STAMPS = FILES;

/** A few KiB a package, so room for thousands of them. */
const MAX_TEXT = 64 << 20;
const COLON = 0x3a;
const SLASH = Buffer.from("/");

/** Adds the files of apk's installed packages. */
export async function readApk(visit: RootVisit, owners: Owners, counters: PackageCounters): Promise<void> {
  for (const file of FILES) {
    const bytes = await visit.read(file, MAX_TEXT);
    if (bytes === undefined) continue;
    addInstalled(bytes, owners, counters);
    // With /usr merged both are the same file.
    return;
  }
}

/**
 * Lines are `X:value`; an empty line ends a package. P and V come before its files; F is a directory, without the
 * leading slash, of each R, a file, that follows.
 */
function addInstalled(bytes: Buffer, owners: Owners, counters: PackageCounters): void {
  let name: string | undefined;
  let version: string | undefined;
  let number: number | undefined;
  let directory = SLASH;
  eachLine(bytes, (from, to) => {
    if (from === to) {
      name = version = number = undefined;
      return;
    }
    if (bytes[from + 1] !== COLON) {
      counters.damaged++;
      return;
    }
    const value = bytes.subarray(from + 2, to);
    switch (String.fromCharCode(bytes[from] as number)) {
      case "P":
        name = value.toString();
        break;
      case "V":
        version = value.toString();
        break;
      case "F":
        directory = Buffer.concat([SLASH, value]);
        break;
      case "R":
        if (number === undefined) {
          if (!isWord(name) || !isWord(version)) {
            counters.damaged++;
            return;
          }
          number = owners.number(name, version, "apk");
          if (number === undefined) return;
        }
        owners.addIn(directory, value, number);
        break;
      default:
    }
  });
}
