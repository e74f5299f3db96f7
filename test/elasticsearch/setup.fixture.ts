import { randomBytes } from "node:crypto";
import type { Step } from "../../src/setup/install.ts";
import type { Answer, Method, Requester } from "../../src/setup/requester.ts";
import { type SetupChoices, settingsOf } from "../../src/setup/settings.ts";
import { setUp } from "../../src/setup/setup.ts";
import { atEnd, type Owner } from "../harness/elasticsearch/at_end.ts";
import type { Server } from "../harness/elasticsearch/server.ts";
import { goldenLines } from "../unit/ecs_cases.ts";

const plainChoices: SetupChoices = {
  expect: undefined,
  retention: undefined,
  ilm: undefined,
  indexMode: undefined,
  rules: false,
  profile: "elastic",
};

/**
 * A real server on which this test has the templates `mayfly` for itself: every `mayfly` on the way there is replaced by a word of
 * its own, and back. Removed at the end.
 */
export class OwnCluster implements Requester {
  readonly word = `mf${randomBytes(5).toString("hex")}`;
  readonly requests: string[] = [];
  readonly #server: Server;

  constructor(owner: Owner, server: Server) {
    this.#server = server;
    atEnd(owner, () => this.#remove());
  }

  async request(method: Method | "DELETE", path: string, body?: object | string): Promise<Answer> {
    this.requests.push(`${method} ${path}`);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const there = text?.replaceAll("mayfly", this.word);
    const sent = typeof body === "string" || there === undefined ? there : (JSON.parse(there) as object);
    const answer = await this.#server.request(method, path.replaceAll("mayfly", this.word), sent);
    const back = answer.body === undefined ? undefined : JSON.stringify(answer.body).replaceAll(this.word, "mayfly");
    return { status: answer.status, body: back === undefined ? undefined : JSON.parse(back) };
  }

  /** The body of a 2xx answer. The cast to T is the caller's promise. */
  async ask<T>(method: Method | "DELETE", path: string, body?: object | string): Promise<T> {
    const answer = await this.request(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body as T;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 600)}`);
  }

  /** What `mayfly setup` does, and the outcome of each step. */
  async setUp(choices: Partial<SetupChoices> = {}, rollover = false): Promise<Step[]> {
    const steps: Step[] = [];
    const settings = settingsOf({ ...plainChoices, ...choices });
    await setUp(this, settings, rollover, { onCluster: () => undefined, onStep: (step) => steps.push(step) });
    return steps;
  }

  /** Adds lines to the data stream as mayfly does, one request, and makes them visible. */
  async add(stream: string, lines: readonly string[]): Promise<void> {
    const actions = lines.map((line) => {
      const id = /"id":"([^"]{24})"/.exec(line)?.[1];
      return `${JSON.stringify({ create: { _index: stream, _id: id } })}\n${line.trimEnd()}\n`;
    });
    const answer = await this.ask<{ errors: boolean }>("POST", "/_bulk?refresh=true", actions.join(""));
    if (answer.errors) throw new Error(JSON.stringify(answer).slice(0, 1000));
  }

  async #remove(): Promise<void> {
    const { word } = this;
    await this.#server.deleteDataStream(`logs-${word}.*-*,metrics-${word}.*-*`);
    for (const path of [
      `/_index_template/logs-${word}`,
      `/_index_template/metrics-${word}`,
      `/_component_template/${word}@*`,
      `/_ingest/pipeline/logs-${word}@ingested`,
    ])
      await this.#server.request("DELETE", path);
  }
}

/** The golden documents of processes, each with an id of its own. */
export function processLines(): string[] {
  return [...goldenLines().values()]
    .filter((line) => line.includes('"dataset":"mayfly.process"'))
    .map((line, number) => line.replace(/"id":"[^"]{24}"/, `"id":"${String(number).padStart(24, "0")}"`));
}

export function outcomes(steps: readonly Step[]): string[] {
  return steps.map(({ outcome }) => outcome);
}
