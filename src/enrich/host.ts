import { readFileSync } from "node:fs";
import nodeOs from "node:os";
import { join } from "node:path";
import { ExitCode, MayflyError } from "../errors.ts";

/** What documents say about this machine. Read once at the start; addresses that come later are not seen. */
export interface Host {
  /** The machine-id; the boot-id where there is none. */
  readonly id: string;
  /** 32 hexadecimal digits of /etc/machine-id, else of /var/lib/dbus/machine-id. */
  readonly machineId: string | undefined;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The hostname in lower case, as Beats writes host.name. */
  readonly name: string;
  /** As uname(2) gives it. */
  readonly hostname: string;
  /** As uname -m gives it: `x86_64`, `aarch64`. */
  readonly architecture: string;
  /** Of every interface that is up, but for loopback; link-local addresses are kept. Both as Beats does. */
  readonly ip: readonly string[];
  /** `00-00-5E-00-53-23`, of the same interfaces. */
  readonly mac: readonly string[];
  readonly os: OperatingSystem;
  /** A sentence for the log when the host has no lasting id; undefined when all is well. */
  readonly warning: string | undefined;
}

/** From os-release(5); a field whose variable is missing is undefined. */
export interface OperatingSystem {
  readonly type: "linux";
  /** ID: `debian`. */
  readonly platform: string | undefined;
  /** The distribution this one descends from, by ID, else by ID_LIKE: `debian`, `redhat`, `suse`, `arch`, ... */
  readonly family: string | undefined;
  /** NAME: `Debian GNU/Linux`. */
  readonly name: string | undefined;
  /** VERSION, else VERSION_ID: `12 (bookworm)`. */
  readonly version: string | undefined;
  /** PRETTY_NAME: `Debian GNU/Linux 12 (bookworm)`. */
  readonly full: string | undefined;
  /** As uname -r gives it. */
  readonly kernel: string;
}

/** The part of node:os that is asked. */
export type SystemCalls = Pick<typeof nodeOs, "hostname" | "machine" | "release" | "networkInterfaces">;

/**
 * Reads the facts of this machine.
 * @param root directory that stands for `/`
 * @throws MayflyError NO_BOOT_ID when the boot id cannot be read: no process could be named
 */
export function readHost(root = "/", os: SystemCalls = nodeOs): Host {
  const bootId = readLine(root, "proc/sys/kernel/random/boot_id");
  if (bootId === undefined) {
    throw new MayflyError(
      "NO_BOOT_ID",
      ExitCode.internal,
      "Cannot read /proc/sys/kernel/random/boot_id, which every process id is made with. Mount /proc (mount -t proc proc /proc).",
    );
  }
  const machineId = readMachineId(root);
  const hostname = os.hostname();
  return {
    id: machineId ?? bootId,
    machineId,
    bootId,
    name: hostname.toLowerCase(),
    hostname,
    architecture: os.machine(),
    ...readAddresses(os),
    os: readOperatingSystem(root, os),
    warning: machineId === undefined ? noMachineId : undefined,
  };
}

const noMachineId =
  "This host has no machine-id, so host.id is its boot-id and changes with every boot. Run systemd-machine-id-setup, " +
  "or mount the host's /etc/machine-id into the container.";

/** machine-id(5): "uninitialized" and an empty file mean that none was given yet. */
function readMachineId(root: string): string | undefined {
  return ["etc/machine-id", "var/lib/dbus/machine-id"]
    .map((path) => readLine(root, path))
    .find((text) => text !== undefined && /^[0-9a-f]{32}$/.test(text));
}

function readAddresses(os: SystemCalls): Pick<Host, "ip" | "mac"> {
  const outside = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  const macs = outside.map(({ mac }) => mac.replaceAll(":", "-").toUpperCase());
  return {
    ip: [...new Set(outside.map(({ address }) => address))],
    mac: [...new Set(macs)].filter((mac) => mac !== "00-00-00-00-00-00"),
  };
}

function readOperatingSystem(root: string, os: SystemCalls): OperatingSystem {
  const text = readText(root, "etc/os-release") ?? readText(root, "usr/lib/os-release") ?? "";
  const release = parseOsRelease(text);
  const platform = release.get("ID");
  return {
    type: "linux",
    platform,
    family: familyOf([...(platform === undefined ? [] : [platform]), ...(release.get("ID_LIKE") ?? "").split(/\s+/)]),
    name: release.get("NAME"),
    version: release.get("VERSION") ?? release.get("VERSION_ID"),
    full: release.get("PRETTY_NAME"),
    kernel: os.release(),
  };
}

/** Beats' names of families, and the ids that belong to them. */
const families: ReadonlyMap<string, string> = new Map(
  Object.entries({
    debian: ["debian", "ubuntu", "raspbian", "linuxmint", "kali"],
    redhat: ["redhat", "rhel", "fedora", "centos", "rocky", "almalinux", "amzn", "ol", "mariner", "azurelinux"],
    suse: ["suse", "sles", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed"],
    arch: ["arch", "archarm", "manjaro"],
    alpine: ["alpine"],
    gentoo: ["gentoo"],
  }).flatMap(([family, ids]) => ids.map((id): [string, string] => [id, family])),
);

function familyOf(ids: readonly string[]): string | undefined {
  return ids.map((id) => families.get(id)).find((family) => family !== undefined);
}

/** os-release(5): shell assignments, one a line, values bare or in single or double quotes. Empty ones are left out. */
function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, given] = /^\s*([A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || given === undefined) continue;
    const value = unquote(given);
    if (value !== "") values.set(name, value);
  }
  return values;
}

function unquote(value: string): string {
  if (/^'.*'$/.test(value)) return value.slice(1, -1);
  const inner = /^".*"$/.test(value) ? value.slice(1, -1) : value;
  return inner.replace(/\\(["'$`\\])/g, "$1");
}

function readLine(root: string, path: string): string | undefined {
  const line = readText(root, path)?.trim();
  return line === "" ? undefined : line;
}

/** A file that is missing or closed to us is a fact that we do not have; the callers say which ones they need. */
function readText(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}
