import { readFileSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { filesBelow } from "../setup/fingerprint.mjs";

/** From the kernel's side to the user's: a room imports only from rooms before it. */
const rooms = [
  "src/record",
  "src/source",
  "src/process",
  "src/enrich",
  "src/filter",
  "ecs",
  "src/output",
  "src/telemetry",
  "src/setup",
  "config",
  "src/agent.ts",
  "src/cli",
];
/** These import nothing, and everybody may import them. */
const grounds = ["src/errors.ts", "src/version.ts"];
/** Rooms before them in the list that these know nothing of all the same. */
const strangers = {
  "src/output": ["src/record", "src/source", "src/process", "src/enrich", "src/filter", "ecs"],
};
/** The addon is native code that trusts its caller: one room talks to it. */
const addonRoom = "src/source";

/**
 * Every import that points the wrong way, a line each.
 * @param {string} root
 * @returns {string[]}
 */
export function roomFaults(root) {
  return ["src", "ecs", "config"]
    .flatMap((folder) => filesBelow(root, folder))
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => faultsOf(file, readFileSync(join(root, file), "utf8")));
}

function faultsOf(file, text) {
  const room = roomOf(file);
  if (room === undefined) return [`${file} is in no room that scripts/check/rooms.mjs knows`];
  const faults = [];
  if (/\.node["'`]/.test(text) && room !== addonRoom) faults.push(`${file} names the addon: only ${addonRoom} does`);
  for (const specifier of imports(text)) {
    if (!specifier.startsWith(".") || extname(specifier) === ".json") continue;
    const target = normalize(join(dirname(file), specifier));
    const fault = judge(room, roomOf(target));
    if (fault !== undefined) faults.push(`${file} imports ${target}: ${fault}`);
  }
  return faults;
}

/** @returns {string | undefined} what is wrong */
function judge(from, to) {
  if (to === undefined) return "that is in no room";
  if (from === to || grounds.includes(to)) return undefined;
  if (grounds.includes(from)) return `${from} imports nothing`;
  if (rooms.indexOf(to) > rooms.indexOf(from)) return `${to} stands below ${from}`;
  if (strangers[from]?.includes(to)) return `${from} knows nothing of ${to}`;
  return undefined;
}

function roomOf(file) {
  return [...grounds, ...rooms].find((room) => file === room || file.startsWith(`${room}/`));
}

function imports(text) {
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;
  return [...text.matchAll(forms)].map((match) => match[1]);
}
