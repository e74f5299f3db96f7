import { once } from "node:events";
import { open } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { type BodyPlace, readPlaces } from "./bodies.ts";

/*
 * The bare loader that mayfly is compared with: `node loader.js URL FILE DOCUMENTS PARALLEL`. Sends bodies that stand ready in a
 * file, so many at a time, looks whether each answer says that there was no error, and does nothing else. Prints one JSON object.
 */

const [url = "", path = "", most = "0", parallel = "1"] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const { places } = readPlaces(path);
const file = await open(path, "r");
let next = 0;
let taken = 0;
let answered = 0;
/** When the first answer came and how many documents it was for: what came before is the making of the index. */
let first: { readonly at: number; readonly documents: number } | undefined;

async function send({ offset, bytes, documents }: BodyPlace): Promise<void> {
  const body = Buffer.allocUnsafe(bytes);
  await file.read(body, 0, bytes, offset);
  const asking = request(url, {
    agent,
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "content-length": bytes },
  });
  asking.end(body);
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  const said = await text(answer);
  if (answer.statusCode !== 200 || !said.includes('"errors":false'))
    throw new Error(`the loader was answered ${answer.statusCode}: ${said.slice(0, 500)}`);
  answered += documents;
  first ??= { at: performance.now(), documents };
}

async function sendOneByOne(): Promise<void> {
  for (let place = places[next]; place !== undefined && taken < Number(most); place = places[next]) {
    next++;
    taken += place.documents;
    await send(place);
  }
}

await Promise.all(Array.from({ length: Number(parallel) }, sendOneByOne));
const seconds = (performance.now() - (first?.at ?? 0)) / 1000;
process.stdout.write(
  `${JSON.stringify({ documents: answered, rate: (answered - (first?.documents ?? 0)) / seconds })}\n`,
);
agent.destroy();
await file.close();
