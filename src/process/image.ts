import { type ExecRecord, ImageFlag } from "../record/record.ts";
import { type Image, Quality } from "./facts.ts";

/** The image that an exec made or a scan met. */
export function imageOf(record: ExecRecord): Image {
  const { flags, args, state } = record;
  const memfd = (flags & ImageFlag.memfd) !== 0;
  return {
    executable: record.executable,
    name: record.executable === undefined ? undefined : basename(record.executable, memfd),
    args,
    argsCount: args === undefined && record.argsCount === 0 ? undefined : record.argsCount,
    argsLength: record.argsLength,
    commandLine: args?.join(" "),
    workingDirectory: record.workingDirectory,
    scriptPath: scriptPath(record),
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
    quality: qualityOf(flags),
    rendered: undefined,
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
  if (flags & ImageFlag.fromProcfs) quality |= Quality.fromProcfs;
  return quality;
}
