import { ruleAliasNames } from "./rules.ts";

/** Requests that an administrator sends once; setup prints them and sends none. */
export interface Grant {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly body: object;
  readonly why: string;
}

interface IndexPrivileges {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
}

export interface RoleDescriptor {
  readonly cluster: readonly string[];
  readonly indices: readonly IndexPrivileges[];
}

function streams(namespace: string | undefined): readonly string[] {
  const last = namespace ?? "*";
  return [`logs-mayfly.*-${last}`, `metrics-mayfly.*-${last}`];
}

/**
 * All that `mayfly run` needs: to add documents and to make the data stream with its first one. It can neither read, change nor
 * delete. `read` is for one thing: after a lost answer and a rollover in between, to look whether the old index has the documents.
 * @param namespace data_stream.namespace of the hosts; undefined for any
 */
export function writerRole(namespace: string | undefined, mayRead = true): RoleDescriptor {
  const names = streams(namespace);
  const writing = { names, privileges: ["create_doc", "auto_configure"] };
  if (!mayRead) return { cluster: [], indices: [writing] };
  return { cluster: [], indices: [{ names, privileges: [...writing.privileges, "read"] }] };
}

/** For people and Kibana's data views; with the names under which rules see the stream. */
export function readerRole(namespace: string | undefined): RoleDescriptor {
  const names = [...streams(namespace), ...ruleAliasNames];
  return { cluster: [], indices: [{ names, privileges: ["read", "view_index_metadata"] }] };
}

/** What setup itself needs. */
export function adminRole(): RoleDescriptor {
  const names = [...streams(undefined), ...ruleAliasNames];
  const look = { names: ["logs-endpoint.events.process-*", "auditbeat-*"], privileges: ["view_index_metadata"] };
  return {
    cluster: ["monitor", "manage_index_templates", "manage_ingest_pipelines", "read_ilm"],
    indices: [{ names, privileges: ["manage"] }, look],
  };
}

/** To paste into Kibana's Dev Tools. */
export function grantsOf(namespace: string | undefined): readonly Grant[] {
  return [
    {
      method: "POST",
      path: "/_security/api_key",
      why: 'the key of the hosts: "encoded" of its answer goes into output.elasticsearch.api_key (without "read" all works but one check)',
      body: { name: "mayfly", role_descriptors: { mayfly_writer: writerRole(namespace) } },
    },
    {
      method: "PUT",
      path: "/_security/role/mayfly_writer",
      why: "the same as a role, for users with a password",
      body: writerRole(namespace),
    },
    {
      method: "PUT",
      path: "/_security/role/mayfly_reader",
      why: "for those who search",
      body: readerRole(namespace),
    },
  ];
}
