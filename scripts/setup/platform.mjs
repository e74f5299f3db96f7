import { SetupError } from "./say.mjs";

const oldestNode = [20, 19];
const architectures = ["x64", "arm64"];

/** Ends set-up where mayfly cannot run, before anything is installed. */
export function checkPlatform() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    throw new SetupError(`Node ${oldestNode.join(".")} or newer is needed; this is ${process.versions.node}.`);
  }
  if (process.platform !== "linux") {
    throw new SetupError(`mayfly watches the Linux kernel; this is ${process.platform}.`);
  }
  if (!architectures.includes(process.arch)) {
    throw new SetupError(`mayfly is built for ${architectures.join(" and ")}; this Node is built for ${process.arch}.`);
  }
}
