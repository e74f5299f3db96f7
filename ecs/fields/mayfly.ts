import { lossKinds } from "../agent_note.ts";
import { hash } from "./binary.ts";
import type { Fields } from "./field.ts";

/** What ECS has no field for (ecs/README.md), those of later releases included: documents that came before a mapping are not found by it. */
export const mayflyFields: Fields = {
  mayfly: {
    args: { length: "long" },
    entry_leader: { args_truncated: "boolean" },
    executable: {
      deleted: "boolean",
      memfd: "boolean",
      package: { name: "keyword", type: "keyword", version: "keyword" },
    },
    exit: { core_dumped: "boolean", signal: "keyword" },
    gap: { clean: "boolean", clock_stepped: "boolean", from: "date", rebooted: "boolean", to: "date" },
    group_leader: { args_truncated: "boolean" },
    lost: Object.fromEntries(lossKinds.map((kind) => [kind, "long"])),
    parent: { args_truncated: "boolean" },
    previous: { args_truncated: "boolean" },
    quality: "keyword",
    rusage: {
      involuntary_switches: "long",
      major_faults: "long",
      max_rss_bytes: "long",
      minor_faults: "long",
      read_bytes: "long",
      system_ns: "long",
      user_ns: "long",
      voluntary_switches: "long",
      write_bytes: "long",
    },
    script: { hash, path: "path" },
    session_leader: { args_truncated: "boolean" },
    transitions: "keyword",
  },
};
