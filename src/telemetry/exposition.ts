import type { Labels } from "./figures/figure.ts";
import type { Buckets } from "./quantile.ts";

export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Only \n ends a line in this format, so `.` is any character. */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)/y;
const COMMENT = /^# (?:HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .*|TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))$/;

/**
 * Prometheus' text format, read back (prometheus.io, Exposition formats, 0.0.4), as far as Metrics writes it: no time stamps,
 * every metric with HELP and TYPE before its samples.
 */
export class Exposition {
  readonly samples: readonly Sample[];
  /** By name of the metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly #byKey: ReadonlyMap<string, number>;

  /** @throws SyntaxError naming the line that is none */
  constructor(text: string) {
    const samples: Sample[] = [];
    const types = new Map<string, string>();
    const byKey = new Map<string, number>();
    if (!text.endsWith("\n")) throw new SyntaxError("the last line is cut");
    for (const line of text.split("\n")) {
      if (line === "") continue;
      if (line.startsWith("#")) {
        const match = COMMENT.exec(line);
        if (match === null) throw new SyntaxError(`no comment of a metric: ${line}`);
        const [, , name, type] = match;
        if (name !== undefined && type !== undefined) types.set(name, type);
        continue;
      }
      const sample = sampleOf(line);
      const key = keyOf(sample.name, sample.labels);
      if (byKey.has(key)) throw new SyntaxError(`twice: ${line}`);
      if (!types.has(sample.name) && types.get(sample.name.replace(/_(bucket|sum|count)$/, "")) !== "histogram")
        throw new SyntaxError(`without a type: ${line}`);
      byKey.set(key, sample.value);
      samples.push(sample);
    }
    this.samples = samples;
    this.types = types;
    this.#byKey = byKey;
  }

  value(name: string, labels: Labels = {}): number | undefined {
    return this.#byKey.get(keyOf(name, labels));
  }

  /** All values of a metric, added up; undefined when there are none. */
  sum(name: string): number | undefined {
    const found = this.samples.filter((sample) => sample.name === name);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** The labels of the sample of `name` that is 1: how states are told. */
  labelsOfOne(name: string): Labels | undefined {
    return this.samples.find((sample) => sample.name === name && sample.value === 1)?.labels;
  }

  histogram(name: string): Buckets | undefined {
    const buckets = this.samples.filter((sample) => sample.name === `${name}_bucket`);
    if (buckets.length === 0) return undefined;
    const bounds = buckets.flatMap(({ labels }) => (labels["le"] === "+Inf" ? [] : [Number(labels["le"])]));
    const counts = buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0));
    return { bounds, counts };
  }
}

function sampleOf(line: string): Sample {
  const match = SAMPLE.exec(line);
  const [, name, labels = "", text = ""] = match ?? [];
  const value = text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
  if (name === undefined || Number.isNaN(value)) throw new SyntaxError(`no sample: ${line}`);
  return { name, labels: labelsOf(labels, line), value };
}

function labelsOf(text: string, line: string): Labels {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const match = LABEL.exec(text);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) throw new SyntaxError(`no labels: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, ...Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
