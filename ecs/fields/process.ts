import { codeSignature, elf, hash, macho, pe } from "./binary.ts";
import type { Fields } from "./field.ts";

/* process.* of ECS, put together as ECS does: a leader is a process with fewer fields. */

const user: Fields = { id: "keyword", name: "keyword+text" };
const group: Fields = { id: "keyword", name: "keyword" };
const terminal: Fields = { char_device: { major: "long", minor: "long" } };

/** Names a process and says when it started. */
const identity: Fields = { entity_id: "keyword", pid: "long", start: "date", vpid: "long" };

/** What ECS knows of every process that it names: the process, its parent and its three leaders. */
const base: Fields = {
  ...identity,
  args: "path",
  args_count: "long",
  command_line: "wildcard+text",
  executable: "path+text",
  group,
  interactive: "boolean",
  name: "path+text",
  real_group: group,
  real_user: user,
  saved_group: group,
  saved_user: user,
  supplemental_groups: group,
  tty: terminal,
  user,
  working_directory: "path+text",
};

/** And of the process itself and of its parent. */
const full: Fields = {
  ...base,
  code_signature: codeSignature,
  elf,
  end: "date",
  exit_code: "long",
  hash,
  macho,
  pe,
  thread: {
    capabilities: { effective: "keyword", permitted: "keyword" },
    id: "long",
    name: "keyword",
  },
  title: "path+text",
  uptime: "long",
};

const leader: Fields = { ...base, same_as_process: "boolean" };
const parentOfLeader: Fields = { ...identity, session_leader: identity };

export const processFields: Fields = {
  ...full,
  entry_leader: {
    ...leader,
    attested_groups: { name: "keyword" },
    attested_user: user,
    entry_meta: { source: { ip: "ip" }, type: "keyword" },
    parent: parentOfLeader,
  },
  env_vars: "path",
  group_leader: leader,
  io: {
    bytes_skipped: { length: "long", offset: "long" },
    max_bytes_per_process_exceeded: "boolean",
    text: "wildcard",
    total_bytes_captured: "long",
    total_bytes_skipped: "long",
    type: "keyword",
  },
  parent: { ...full, group_leader: identity },
  previous: { args: "path", args_count: "long", executable: "path+text" },
  session_leader: { ...leader, parent: parentOfLeader },
  tty: { ...terminal, columns: "long", rows: "long" },
};
