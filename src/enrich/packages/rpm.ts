import type { PackageCounters } from "./counters.ts";
import type { Owners } from "./owners.ts";
import type { OpenFile, RootVisit } from "./root_visit.ts";
import { addRpmHeader } from "./rpm_header.ts";
import { readNdb } from "./rpm_ndb.ts";
import { DamagedDatabase, SqlitePages } from "./sqlite_pages.ts";
import { readTable } from "./sqlite_table.ts";

/** Fedora and SUSE; RHEL; ostree. Where two of them exist, one is a link to the other. */
const FOLDERS = ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"];
const SQLITE = "rpmdb.sqlite";
const WAL = "rpmdb.sqlite-wal";
const NDB = "Packages.db";
const BERKELEY = "Packages";
export const RPM_STAMPS = FOLDERS.flatMap((folder) => [SQLITE, WAL, NDB, BERKELEY].map((name) => `${folder}/${name}`));

/** Bytes; 800 packages with 140,000 files take 23 MB, and 0.3 s of CPU. */
const MAX_DATABASE = 256 << 20;

/** Adds the files of rpm's installed packages, from the first database there is. */
export async function readRpm(visit: RootVisit, owners: Owners, counters: PackageCounters): Promise<void> {
  for (const folder of FOLDERS) {
    const sqlite = await visit.open(`${folder}/${SQLITE}`, MAX_DATABASE);
    if (sqlite !== undefined) {
      const wal = await visit.open(`${folder}/${WAL}`, MAX_DATABASE);
      await readHeaders([sqlite, wal], sqliteHeaders(sqlite, wal, counters), owners, counters);
      return;
    }
    const ndb = await visit.open(`${folder}/${NDB}`, MAX_DATABASE);
    if (ndb !== undefined) {
      const headers = readNdb(ndb, () => counters.damaged++);
      await readHeaders([ndb], headers, owners, counters);
      return;
    }
    if ((await visit.stamp(`${folder}/${BERKELEY}`)) !== undefined) {
      counters.unsupported++;
      return;
    }
  }
}

async function readHeaders(
  files: readonly (OpenFile | undefined)[],
  headers: AsyncGenerator<Buffer, void>,
  owners: Owners,
  counters: PackageCounters,
): Promise<void> {
  try {
    for await (const header of headers) if (!addRpmHeader(header, owners)) counters.damaged++;
  } catch (cause) {
    if (cause instanceof DamagedDatabase) counters.damaged++;
    else counters.unreadable++;
  } finally {
    for (const file of files) await file?.handle.close();
  }
}

/** Table Packages holds a number, which is the row id, and the header. */
async function* sqliteHeaders(
  file: OpenFile,
  wal: OpenFile | undefined,
  counters: PackageCounters,
): AsyncGenerator<Buffer, void> {
  const pages = await SqlitePages.open(file, wal);
  for await (const [, blob] of readTable(pages, "Packages", () => counters.damaged++)) {
    if (Buffer.isBuffer(blob)) yield blob;
    else counters.damaged++;
  }
}
