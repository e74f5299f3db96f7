import type { Namespace } from "./namespace.ts";
import type { Server } from "./server.ts";

/*
 * A run numbers what it makes without a hole: documents of processes in event.sequence, from 1, and its notes in their
 * ids, where documents have the pid. So what is in the index tells how many were made and did not arrive, whoever else
 * works on this machine.
 */

interface Numbered {
  readonly event?: { readonly sequence?: number };
}

/** Documents and notes that were made before the last one of their kind in the index, and are not there. One run only. */
export async function absentNumbers(server: Server, { processes, notes }: Namespace): Promise<number> {
  const documents = await server.search<Numbered>(processes, { fields: ["event.sequence"] });
  const sequences = documents.map(({ _source }) => _source.event?.sequence ?? Number.NaN);
  return holesIn(sequences) + holesIn((await server.ids(notes)).map(noteNumber));
}

/** Bytes 13 to 16 of the 18 (docs/identity.md). */
function noteNumber(id: string): number {
  return Buffer.from(id, "base64url").readUInt32BE(13);
}

function holesIn(numbers: readonly number[]): number {
  const highest = numbers.reduce((most, number) => Math.max(most, number), 0);
  return highest - new Set(numbers).size;
}
