import { createHash } from "node:crypto";
import type { Host } from "../src/enrich/host.ts";

/** Who writes the documents: the fields agent.*, but for agent.type (envelope.ts). */
export interface Agent {
  /** One per host, the same in every run: see agentId. */
  readonly id: string;
  /** The hostname. */
  readonly name: string;
  readonly version: string;
  /** A new one in each run. */
  readonly ephemeralId: string;
}

/** The agent on `host`. `ephemeralId` is a random UUID made at the start of this run. */
export function agentOn(host: Host, version: string, ephemeralId: string): Agent {
  return { id: agentId(host.id), name: host.hostname, version, ephemeralId };
}

/**
 * The first 16 bytes of SHA-256("mayfly agent" + newline + host.id) as a UUID of version 8 (RFC 9562: made by a rule of
 * one's own). Hashed, so that agent.id does not give away a machine-id where host.id is left out.
 */
export function agentId(hostId: string): string {
  const bytes = createHash("sha256").update(`mayfly agent\n${hostId}`, "utf8").digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
