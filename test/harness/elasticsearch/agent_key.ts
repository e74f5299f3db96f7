import { randomBytes } from "node:crypto";
import { atEnd, type Owner } from "./at_end.ts";
import type { Server } from "./server.ts";

/** An API key, encoded, that may do what a host's must and no more: no `read`. Taken back when its owner is over. */
export async function agentKey(owner: Owner, server: Server): Promise<string> {
  const name = `mayfly-test-${randomBytes(6).toString("hex")}`;
  const indices = [{ names: ["logs-mayfly.*-*"], privileges: ["create_doc", "auto_configure"] }];
  const body = { name, role_descriptors: { agent: { indices } } };
  const { encoded } = (await server.call("POST", "/_security/api_key", body)) as { encoded: string };
  atEnd(owner, async () => void (await server.call("DELETE", "/_security/api_key", { name })));
  return encoded;
}
