import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { findFile, load, ships } from "../../../config/load.ts";
import type { Config } from "../../../config/schema.ts";
import { readHost } from "../../enrich/host.ts";
import { ExitCode, MayflyError } from "../../errors.ts";
import { makeFolder } from "../../source/boot_clock.ts";
import { KernelSource } from "../../source/kernel.ts";
import { version } from "../../version.ts";
import type { Arguments } from "../arguments.ts";
import { lookAtFields, readKernelTraits } from "../fields_findings.ts";
import type { Finding } from "../finding.ts";
import { asksForChanges } from "../open_kernel.ts";
import { type Paint, Style } from "../pretty/style.ts";
import { shippingOverrides } from "../setting.ts";
import { lookAtShipping } from "../shipping_findings.ts";

const MARKS: Readonly<Record<Finding["state"], { mark: string; paint: Paint }>> = {
  good: { mark: "ok", paint: "green" },
  warn: { mark: "note", paint: "dim" },
  bad: { mark: "BAD", paint: "red" },
};

/** Looks at everything that `run` needs, by doing it. @returns 0 only when `run` would work */
export async function doctor(args: Arguments): Promise<ExitCode> {
  const style = new Style({ env: process.env, isTTY: process.stdout.isTTY, columns: () => process.stdout.columns });
  const findings = [kernelVersion(), btf(), capabilities(), lockdown(), ...identities()];
  const { config, finding } = configuration(args);
  findings.push(finding);
  if (config !== undefined) findings.push(stateFolder(config), ...(await probes(config)));
  if (config !== undefined && ships(config)) findings.push(...(await lookAtShipping(config)));
  process.stdout.write(`mayfly ${version}, node ${process.version}\n`);
  for (const found of findings) process.stdout.write(line(found, style));
  const bad = findings.filter(({ state }) => state === "bad");
  process.stdout.write(bad.length === 0 ? "mayfly can run here.\n" : "mayfly cannot run here yet.\n");
  if (bad.length === 0) return ExitCode.ok;
  return bad.some(({ name }) => name === "configuration" || name === "elasticsearch")
    ? ExitCode.config
    : ExitCode.permission;
}

function line({ name, state, text, remedy }: Finding, style: Style): string {
  const { mark, paint } = MARKS[state];
  const todo = remedy === undefined ? "" : `${" ".repeat(21)}${remedy}\n`;
  return `${style.paint(mark.padEnd(5), paint)}${name.padEnd(16)}${text}\n${todo}`;
}

function kernelVersion(): Finding {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const isNew = major > 5 || (major === 5 && minor >= 10);
  const text = `${release()} ${arch()}`;
  if (isNew) return { name: "kernel", state: "good", text };
  return { name: "kernel", state: "bad", text, remedy: "mayfly needs a kernel 5.10 or newer (ring buffer, BTF)." };
}

function btf(): Finding {
  const path = "/sys/kernel/btf/vmlinux";
  if (existsSync(path)) return { name: "BTF", state: "good", text: path };
  const remedy = "Use a kernel built with CONFIG_DEBUG_INFO_BTF=y; in a container mount /sys.";
  return { name: "BTF", state: "bad", text: `${path} is missing`, remedy };
}

const NEEDED = { CAP_SYS_ADMIN: 21n, CAP_PERFMON: 38n, CAP_BPF: 39n } as const;

/** CAP_SYS_ADMIN stands for the two others, which exist since 5.8. */
function capabilities(): Finding {
  const status = readFileSync("/proc/self/status", "latin1");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (bit: bigint): boolean => (effective & (1n << bit)) !== 0n;
  const missing = has(NEEDED.CAP_SYS_ADMIN)
    ? []
    : (["CAP_BPF", "CAP_PERFMON"] as const).filter((name) => !has(NEEDED[name]));
  if (missing.length === 0)
    return { name: "capabilities", state: "good", text: `uid ${process.getuid?.()}, all that is needed` };
  const remedy = "Run mayfly as root, or give it these (systemd: AmbientCapabilities=, docker: --cap-add).";
  return { name: "capabilities", state: "bad", text: `missing ${missing.join(", ")}`, remedy };
}

function lockdown(): Finding {
  const path = "/sys/kernel/security/lockdown";
  const mode = existsSync(path) ? /\[(\w+)\]/.exec(readFileSync(path, "latin1"))?.[1] : undefined;
  if (mode !== "confidentiality") return { name: "lockdown", state: "good", text: mode ?? "none" };
  const remedy = "This mode forbids reading kernel memory by BPF: boot with lockdown=integrity or none.";
  return { name: "lockdown", state: "bad", text: mode, remedy };
}

function identities(): Finding[] {
  try {
    const host = readHost();
    if (host.warning === undefined) return [{ name: "host.id", state: "good", text: host.id }];
    return [{ name: "host.id", state: "warn", text: `${host.id} (boot-id)`, remedy: host.warning }];
  } catch (error) {
    return [{ name: "host.id", state: "bad", text: messageOf(error) }];
  }
}

function configuration(args: Arguments): { config: Config | undefined; finding: Finding } {
  const found = findFile(args.config);
  try {
    const config = load(found, process.env, shippingOverrides(args));
    return { config, finding: { name: "configuration", state: "good", text: found ?? "defaults" } };
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error;
    return { config: undefined, finding: { name: "configuration", state: "bad", text: error.message } };
  }
}

function stateFolder(config: Config): Finding {
  const path = config.state.path;
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK);
    return { name: "state folder", state: "good", text: path };
  } catch (error) {
    const remedy =
      "Set state.path to a folder that mayfly may write; process.start may differ after a restart until then.";
    return { name: "state folder", state: "warn", text: messageOf(error), remedy };
  }
}

/** Loads and attaches the probes as `run` does, and takes them off again. */
async function probes(config: Config): Promise<Finding[]> {
  try {
    const source = new KernelSource({
      kernelThreads: config.processes.kernel_threads,
      argsMaxBytes: config.processes.args.max_bytes,
      environment: config.processes.env_vars,
      changes: true,
      scan: false,
    });
    source.open();
    const ended = source.start(async () => undefined);
    const { way } = source.changes;
    source.stop();
    await ended;
    return [
      { name: "hooks", state: "good", text: "tp_btf sched_process_fork, sched_process_exec, sched_process_exit" },
      source.canScan
        ? { name: "start-up scan", state: "good", text: "task iterator" }
        : {
            name: "start-up scan",
            state: "warn",
            text: "by /proc, one process after the other, flagged from_procfs: the task iterator came with kernel 5.18",
          },
      ...lookAtFields({ ...readKernelTraits(), changes: way, changesAsked: asksForChanges(config) }),
    ];
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error;
    return [{ name: "hooks", state: "bad", text: error.message }];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
