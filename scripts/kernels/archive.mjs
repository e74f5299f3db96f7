import { lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { run, tryCommand } from "../setup/command.mjs";
import { SetupError } from "../setup/say.mjs";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Where Debian has the kernels of the matrix: 5.10, 6.1, 6.12, and in the backports whatever is newest. */
const suites = [
  { suite: "bullseye", security: false },
  { suite: "bullseye-security", security: true },
  { suite: "bookworm-security", security: true },
  { suite: "trixie", security: false },
  { suite: "trixie-backports", security: false },
];
const version = "[-+.0-9a-z]*";
/** Not the modules, of which there are a hundred times as many. */
const extractKernel = 'dpkg-deb --fsys-tarfile "$0" | tar --extract --directory "$1" --wildcards "*vmlinuz*"';

/** Debian's package archive, asked by an apt that knows nothing of this machine's packages and changes none. */
export class Archive {
  #folder;
  #architecture;
  #environment;
  #names;

  /**
   * @param {string} folder for its lists and what it downloads
   * @param {"amd64" | "arm64"} architecture
   */
  constructor(folder, architecture) {
    this.#folder = folder;
    this.#architecture = architecture;
    this.#environment = { APT_CONFIG: join(folder, "apt.conf"), LC_ALL: "C.UTF-8" };
  }

  /**
   * Reads the package lists. A suite that cannot be reached has no packages.
   * @returns {Promise<string | undefined>} what was not reached
   */
  async open() {
    const { main, security } = await mirrors();
    const line = (entry) =>
      `deb [arch=${this.#architecture} signed-by=${keyring}] ${entry.security ? security : main} ${entry.suite} main\n`;
    for (const path of ["etc/apt.conf.d", "etc/preferences.d", "lists/partial", "cache/archives/partial"])
      mkdirSync(join(this.#folder, path), { recursive: true });
    writeFileSync(join(this.#folder, "etc/sources.list"), suites.map(line).join(""));
    writeFileSync(join(this.#folder, "status"), "");
    writeFileSync(this.#environment.APT_CONFIG, aptConfiguration(this.#folder, this.#architecture));
    const env = this.#environment;
    const fault = await run("apt-get", ["-qq", "update"], { env }).then(
      () => undefined,
      (/** @type {unknown} */ error) => (error instanceof Error ? error.message : String(error)),
    );
    const names = await run("apt-cache", ["pkgnames", "linux-"], { env });
    this.#names = names.split("\n");
    return fault;
  }

  /**
   * Brings the newest cloud kernel of a series that can be downloaded.
   * @param {string} series as in "6.12"
   * @param {string} target where to put it
   * @returns {Promise<string | undefined>} the package; undefined when there is none
   */
  async bringKernel(series, target) {
    // From 6.19 on the packages are split, and the kernel itself is in linux-binary-*.
    const wanted = new RegExp(
      `^linux-(binary|image)-${series.replaceAll(".", "\\.")}\\.${version}-cloud-${this.#architecture}$`,
    );
    const found = newestFirst(this.#names.filter((name) => wanted.test(name)));
    for (const name of found) if (await this.#bring(name, target)) return name;
    return undefined;
  }

  /**
   * Unpacks the newest version of a package.
   * @param {string} name
   * @param {string} target
   */
  async extract(name, target) {
    await this.#download(name, async (file) => {
      await run("dpkg-deb", ["--extract", file, target], { failure: `${name} could not be unpacked` });
    });
  }

  async #bring(name, target) {
    let found = false;
    const look = async (file, folder) => {
      // A package without a kernel gives nothing to tar, which then fails.
      if (!(await tryCommand("sh", ["-c", extractKernel, file, folder]))) return;
      const kernel = kernelIn(folder);
      if (kernel === undefined) return;
      renameSync(kernel, target);
      found = true;
    };
    // The lists may name what the mirror no longer has.
    await this.#download(name, look).catch((/** @type {unknown} */ error) => {
      if (!(error instanceof SetupError)) throw error;
    });
    return found;
  }

  /** Hands the package's file, and the folder it lies in, to `use`; both are gone afterwards. */
  async #download(name, use) {
    const folder = mkdtempSync(join(this.#folder, "package-"));
    const failure = `the package ${name} cannot be had`;
    try {
      await run("apt-get", ["-qq", "download", name], { cwd: folder, env: this.#environment, failure });
      const [file] = readdirSync(folder);
      if (file === undefined) throw new SetupError(failure);
      await use(join(folder, file), folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** linux-image-* is empty where there is a linux-binary-* of the same version: that comes first. */
function newestFirst(names) {
  const numbers = (name) => (name.match(/\d+/g) ?? []).map(Number);
  const compare = (a, b) => {
    const [left, right] = [numbers(a), numbers(b)];
    const place = left.findIndex((number, index) => number !== right[index]);
    return place < 0 ? a.localeCompare(b) : (right[place] ?? -1) - left[place];
  };
  return names.sort(compare);
}

/** In /boot, from 7.2 on in /usr/lib/modules; some packages have only a link there. */
function kernelIn(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => basename(name).startsWith("vmlinuz"));
  const files = names.map((name) => join(folder, name)).filter((path) => lstatSync(path).isFile());
  return files.find((path) => lstatSync(path).size > 1 << 20);
}

/** Those that this machine gets its own packages from; none is named here. */
async function mirrors() {
  const text = await run("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Identifier: Packages"]);
  const addresses = text.split("\n").flatMap((line) => /^Debian (\S+?)\/?$/.exec(line)?.[1] ?? []);
  const main = addresses.find((address) => address.endsWith("/debian"));
  if (main === undefined) {
    throw new SetupError(
      "the kernels of the matrix are Debian's, and this machine gets its packages elsewhere: run it on Debian 12 or newer.",
    );
  }
  const security = addresses.find((address) => address.endsWith("/debian-security"));
  return { main, security: security ?? `${main}-security` };
}

function aptConfiguration(folder, architecture) {
  const settings = {
    "Dir::State": folder,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Etc": join(folder, "etc"),
    "Dir::Etc::sourcelist": join(folder, "etc/sources.list"),
    "Dir::Etc::sourceparts": "-",
    "APT::Architecture": architecture,
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
    // The lists of a suite that is no longer changed are older than they promise to be.
    "Acquire::Check-Valid-Until": "false",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  return `${lines.join("\n")}\nAPT::Architectures { "${architecture}"; };\n`;
}
