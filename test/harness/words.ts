/** event.type and event.action by what happened: the Fixed table of the documents, once more. */
export interface Words {
  readonly type: readonly string[];
  readonly action: string | readonly string[];
}

/** mayfly.transitions of a process found at start-up. */
export const FOUND = "found";

export type ProfileUnderTest = "lifecycle" | "elastic" | "transitions";

export const WORDS: Readonly<Record<ProfileUnderTest, Readonly<Record<string, Words>>>> = {
  lifecycle: {
    fork: { type: ["start"], action: "process_started" },
    "fork+exec": { type: ["start", "change"], action: "process_started" },
    "fork+exec+end": { type: ["start", "change", "end"], action: "process_ran" },
    "fork+end": { type: ["start", "end"], action: "process_ran" },
    [FOUND]: { type: ["info"], action: "existing_process" },
    exec: { type: ["change"], action: "process_changed_image" },
    "exec+end": { type: ["change", "end"], action: "process_stopped" },
    end: { type: ["end"], action: "process_stopped" },
  },
  elastic: {
    fork: { type: ["start"], action: "fork" },
    "fork+exec": { type: ["start"], action: ["fork", "exec"] },
    "fork+exec+end": { type: ["start", "end"], action: ["fork", "exec", "end"] },
    "fork+end": { type: ["start", "end"], action: ["fork", "end"] },
    [FOUND]: { type: ["info"], action: "already_running" },
    exec: { type: ["start"], action: "exec" },
    "exec+end": { type: ["start", "end"], action: ["exec", "end"] },
    end: { type: ["end"], action: "end" },
  },
  transitions: {
    fork: { type: ["start"], action: "fork" },
    exec: { type: ["start"], action: "exec" },
    end: { type: ["end"], action: "end" },
    [FOUND]: { type: ["info"], action: "already_running" },
    uid_change: { type: ["change"], action: "uid_change" },
    gid_change: { type: ["change"], action: "gid_change" },
    session_id_change: { type: ["change"], action: "session_id_change" },
  },
};
