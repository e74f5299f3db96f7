import { type ExecRecord, ImageFlag } from "../record/record.ts";
import { type Image, Quality } from "./facts.ts";

/** Takes out of arguments what must not leave the host. */
export interface ArgsRedactor {
  /**
   * HOT PATH, once an image. The same arguments must always give the same result: event.id of a found process hashes it.
   * @param commandLine the arguments joined by one space
   * @param name Image.name
   * @returns `args` itself when there is nothing to take out
   */
  redact(args: readonly string[], commandLine: string, name: string | undefined): readonly string[];
}

/**
 * The image that an exec made or a scan met. Nothing behind it ever sees the arguments as they were: whoever inherits the image
 * or copies from it, as a child does from its parent, has what the redactor left. argsCount and argsLength stay the kernel's.
 */
export function imageOf(record: ExecRecord, redactor?: ArgsRedactor): Image {
  const { flags, state } = record;
  const memfd = (flags & ImageFlag.memfd) !== 0;
  const name = record.executable === undefined ? undefined : basename(record.executable, memfd);
  let { args } = record;
  let commandLine = args?.join(" ");
  let quality = qualityOf(flags);
  if (redactor !== undefined && args !== undefined && commandLine !== undefined) {
    const redacted = redactor.redact(args, commandLine, name);
    if (redacted !== args) {
      args = redacted;
      commandLine = redacted.join(" ");
      quality |= Quality.redacted;
    }
  }
  let { env } = record;
  if (redactor !== undefined && env !== undefined) {
    const redacted = redactor.redact(env, env.join(" "), undefined);
    if (redacted !== env) quality |= Quality.redacted;
    env = redacted;
  }
  return {
    executable: record.executable,
    name,
    args,
    argsCount: args === undefined && record.argsCount === 0 ? undefined : record.argsCount,
    argsLength: record.argsLength,
    commandLine,
    workingDirectory: record.workingDirectory,
    scriptPath: scriptPath(record),
    env,
    deleted: (flags & ImageFlag.deleted) !== 0 && !memfd,
    memfd,
    file: record.file,
    cgroupId: state.cgroupId,
    namespaces: {
      mnt: state.mntNs,
      pid: state.pidNs,
      user: state.userNs,
      net: state.netNs,
      uts: state.utsNs,
      ipc: state.ipcNs,
      cgroup: state.cgroupNs,
    },
    quality,
    findings: undefined,
    rendered: undefined,
    renderedReplaced: undefined,
  };
}

/** `memfd:NAME` is a name already, and NAME may hold a slash. */
function basename(path: string, memfd: boolean): string {
  return memfd ? path : path.slice(path.lastIndexOf("/") + 1);
}

/** As given to execve, put behind the working directory where it is relative: that is how the kernel resolved it. */
function scriptPath(record: ExecRecord): string | undefined {
  const { asked, workingDirectory } = record;
  if (asked === undefined || asked === "" || asked.startsWith("/") || workingDirectory === undefined)
    return asked || undefined;
  const plain = asked.startsWith("./") ? asked.slice(2) : asked;
  return workingDirectory === "/" ? `/${plain}` : `${workingDirectory}/${plain}`;
}

function qualityOf(flags: number): number {
  let quality = 0;
  if (flags & ImageFlag.argsTruncated) quality |= Quality.argsTruncated;
  if (flags & ImageFlag.argsUnreadable) quality |= Quality.argsUnreadable;
  if (flags & ImageFlag.argsInvalidUtf8) quality |= Quality.argsInvalidUtf8;
  if (flags & ImageFlag.executableTruncated) quality |= Quality.executableTruncated;
  if (flags & ImageFlag.cwdTruncated) quality |= Quality.cwdTruncated;
  if (flags & ImageFlag.envTruncated) quality |= Quality.envTruncated;
  if (flags & ImageFlag.fromProcfs) quality |= Quality.fromProcfs;
  return quality;
}
