import type { Clock } from "../process/clock.ts";
import type { FileHash, Findings, Image, Package } from "../process/facts.ts";
import type { ExecRecord, FileIdentity } from "../record/record.ts";
import type { ExecutedFile, ExecutedScript } from "./hash/hashes.ts";
import type { HashTicket } from "./hash/ticket.ts";
import type { PackageQuestion, PackageTicket } from "./packages/package_desk.ts";

/** Who hashes: src/enrich/hash. */
export interface HashSource {
  request(file: ExecutedFile): HashTicket;
  requestScript(script: ExecutedScript): HashTicket;
}

/** Who knows packages: src/enrich/packages. */
export interface PackageSource {
  request(question: PackageQuestion): PackageTicket;
  /** Whether the ticket is an answer to one more who asks the same. */
  holds(ticket: PackageTicket): boolean;
}

/** An image of which something is under way. */
interface Open {
  readonly image: Image;
  readonly hash: HashTicket | undefined;
  readonly script: HashTicket | undefined;
  readonly package: PackageTicket | undefined;
}

/** All that is known of an executable, for the next image that is it. Kept with its hash. */
class Known {
  readonly findings: Findings;
  readonly package: PackageTicket | undefined;
  readonly #path: string | undefined;
  readonly #mntNs: number;
  readonly #deleted: boolean;

  constructor({ executable, namespaces, deleted }: Image, findings: Findings, owner: PackageTicket | undefined) {
    this.findings = findings;
    this.package = owner;
    this.#path = executable;
    this.#mntNs = namespaces.mnt;
    this.#deleted = deleted;
  }

  /** Of one file, which may have several names and belong to another package in each root. */
  isOf({ executable, namespaces, deleted }: Image): boolean {
    return this.#path === executable && this.#mntNs === namespaces.mnt && this.#deleted === deleted;
  }
}

type Ticket = HashTicket | PackageTicket;

/**
 * Looks up hashes and package of an image when its record arrives: while its document waits for the rest of its life, which is when the
 * process can still lead to its file. What comes later goes into the same Image.
 */
export class ImageLookUp {
  readonly #hashes: HashSource | undefined;
  readonly #packages: PackageSource | undefined;
  readonly #open = new Map<Ticket, Open[]>();

  constructor(hashes: HashSource | undefined, packages: PackageSource | undefined) {
    this.#hashes = hashes;
    this.#packages = packages;
  }

  /** Tickets without a result that images wait for. */
  get open(): number {
    return this.#open.size;
  }

  /** HOT PATH: with everything known one lookup in memory. */
  begin(image: Image, record: ExecRecord, clock: Clock): void {
    const { file } = image;
    // A scan by /proc does not tell which file it is; then nothing about it would be certain.
    if (file === undefined) return;
    const hash = this.#hashes?.request({
      pid: record.pid,
      path: image.executable,
      memfd: image.memfd,
      deleted: image.deleted,
      mntNs: image.namespaces.mnt,
      file,
    });
    const script = image.scriptPath?.startsWith("/") ? this.#script(image, file, record, clock) : undefined;
    const known = script === undefined && hash !== undefined ? this.#known(image, hash) : undefined;
    if (known !== undefined) {
      image.findings = known;
      return;
    }
    const owner = this.#packageOf(image, file, record);
    const open: Open = { image, hash, script, package: owner };
    const findings = findingsOf(open);
    image.findings = findings;
    if (findings.settled) {
      if (script === undefined && hash !== undefined) hash.kept = new Known(image, findings, owner);
      return;
    }
    for (const ticket of [hash, script, owner])
      if (ticket !== undefined && ticket.result === undefined) this.#listOf(ticket).push(open);
  }

  /** A ticket has its result. */
  settled(ticket: Ticket): void {
    const opened = this.#open.get(ticket);
    if (opened === undefined) return;
    this.#open.delete(ticket);
    for (const open of opened) {
      open.image.findings = findingsOf(open);
      // What was written while something was missing is not the text any more.
      open.image.rendered = undefined;
    }
  }

  #known(image: Image, { kept }: HashTicket): Findings | undefined {
    if (!(kept instanceof Known) || !kept.isOf(image)) return undefined;
    return kept.package === undefined || this.#packages?.holds(kept.package) === true ? kept.findings : undefined;
  }

  #script(image: Image, interpreter: FileIdentity, record: ExecRecord, clock: Clock): HashTicket | undefined {
    const { seconds, nanos } = clock.instant(record.time);
    return this.#hashes?.requestScript({
      pid: record.pid,
      startTicks: record.startTicks,
      path: image.scriptPath ?? "",
      mntNs: image.namespaces.mnt,
      execMs: seconds * 1000 + nanos / 1e6,
      interpreterPath: image.executable,
      interpreter,
    });
  }

  /** A path that leads to the file no more may belong to its successor. */
  #packageOf(image: Image, file: FileIdentity, { pid }: ExecRecord): PackageTicket | undefined {
    const { executable, memfd, deleted, namespaces } = image;
    if (memfd || deleted || executable === undefined || !executable.startsWith("/")) return undefined;
    return this.#packages?.request({ pid, path: executable, mntNs: namespaces.mnt, file });
  }

  #listOf(ticket: Ticket): Open[] {
    let list = this.#open.get(ticket);
    if (list === undefined) this.#open.set(ticket, (list = []));
    return list;
  }
}

function findingsOf({ hash, script, package: owner }: Open): Findings {
  const hashPending = !isSettled(hash) || !isSettled(script);
  return {
    settled: !hashPending && isSettled(owner),
    hashPending,
    hash: fileHash(hash),
    scriptHash: fileHash(script),
    package: packageIn(owner),
    rendered: undefined,
  };
}

function isSettled(ticket: Ticket | undefined): boolean {
  return ticket === undefined || ticket.result !== undefined;
}

function fileHash(ticket: HashTicket | undefined): FileHash | undefined {
  const result = ticket?.result;
  if (result === undefined) return undefined;
  return result.kind === "hashed" ? { hashes: result.hashes } : { reason: result.reason };
}

function packageIn(ticket: PackageTicket | undefined): Package | undefined {
  return ticket?.result ?? undefined;
}
