/** A document as it stands on stdout, as far as tests look into it. Anything may be absent. */
export interface Document {
  readonly "@timestamp"?: string;
  readonly event?: {
    readonly id?: string;
    readonly kind?: string;
    readonly category?: readonly string[];
    readonly type?: readonly string[];
    readonly action?: string | readonly string[];
    readonly created?: string;
    readonly start?: string;
    readonly end?: string;
    readonly duration?: number;
    readonly module?: string;
    readonly dataset?: string;
    readonly sequence?: number;
  };
  readonly host?: { readonly id?: string; readonly name?: string; readonly boot?: { readonly id?: string } };
  readonly user?: Id;
  readonly group?: Id;
  readonly related?: { readonly hash?: readonly string[]; readonly user?: readonly string[] };
  readonly process?: DocumentProcess;
  readonly mayfly?: DocumentMayfly;
}

interface Id {
  readonly id?: string;
}

interface Terminal {
  readonly char_device?: { readonly major?: number; readonly minor?: number };
}

/** What process, process.parent and the leaders have in common. */
export interface DocumentImage {
  readonly pid?: number;
  readonly entity_id?: string;
  readonly name?: string;
  readonly executable?: string;
  readonly args?: readonly string[];
  readonly args_count?: number;
  readonly command_line?: string;
  readonly working_directory?: string;
  readonly env_vars?: readonly string[];
  readonly start?: string;
  readonly vpid?: number;
  readonly interactive?: boolean;
  readonly tty?: Terminal;
  readonly user?: Id;
  readonly group?: Id;
  readonly real_user?: Id;
  readonly real_group?: Id;
  readonly saved_user?: Id;
  readonly saved_group?: Id;
}

interface DocumentLeader extends DocumentImage {
  readonly same_as_process?: boolean;
}

interface DocumentEntryLeader extends DocumentLeader {
  readonly entry_meta?: { readonly type?: string; readonly source?: { readonly ip?: string } };
  readonly parent?: DocumentImage & { readonly session_leader?: DocumentImage };
}

interface DocumentProcess extends DocumentImage {
  readonly hash?: { readonly sha256?: string };
  readonly end?: string;
  readonly exit_code?: number;
  readonly parent?: DocumentImage & { readonly group_leader?: DocumentImage };
  readonly entry_leader?: DocumentEntryLeader;
  readonly group_leader?: DocumentLeader;
  readonly session_leader?: DocumentLeader;
  readonly previous?: Pick<DocumentImage, "args" | "args_count" | "executable">;
  readonly thread?: {
    readonly capabilities?: { readonly effective?: readonly string[]; readonly permitted?: readonly string[] };
  };
  readonly Ext?: { readonly ancestry?: readonly string[] };
}

interface DocumentMayfly {
  readonly transitions?: string;
  readonly quality?: readonly string[];
  readonly exit?: { readonly signal?: string; readonly core_dumped?: boolean };
  readonly rusage?: {
    readonly user_ns?: number;
    readonly system_ns?: number;
    readonly max_rss_bytes?: number;
    readonly minor_faults?: number;
    readonly major_faults?: number;
    readonly read_bytes?: number;
    readonly write_bytes?: number;
    readonly voluntary_switches?: number;
    readonly involuntary_switches?: number;
  };
  readonly script?: { readonly path?: string };
  readonly executable?: { readonly deleted?: boolean; readonly memfd?: boolean };
  readonly args?: { readonly length?: number };
}

/** A line of output as a document; throws with the line when it is no JSON object. */
export function parseDocument(line: string): Document {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`not a JSON line: ${line.slice(0, 400)}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`not a JSON object: ${line.slice(0, 400)}`);
  }
  return value;
}
