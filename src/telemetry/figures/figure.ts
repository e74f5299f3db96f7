import type { MetricField } from "../../../ecs/fields_metrics.ts";
import type { Histogram } from "../../output/histogram.ts";
import type { HealthSnapshot } from "../health.ts";

/** Values are constants of the program or names from its configuration: never text from a process. */
export type Labels = Readonly<Record<string, string>>;

/** Why a reader should care that a count is not 0, in `mayfly status`. */
export interface Concern {
  /** Goes behind the number: `documents: the spool was full`. */
  readonly words: string;
  /** Whether documents that were finished are gone, so that mayfly is not ready while it happens. */
  readonly documentsGone: boolean;
}

/** One number of a figure. */
export interface Sample {
  readonly labels?: Labels;
  /** Where the same number stands in a metric document. */
  readonly field?: MetricField;
  readonly concern?: Concern;
  /** Undefined when what it counts is not in use: the sample is then absent. */
  readonly read: (health: HealthSnapshot) => number | undefined;
}

/** Numbers under one name. Counters end in `_total`, sizes in `_bytes`, spans in `_seconds` (prometheus.io, Naming). */
export interface NumberFigure {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** A number for each name in the configuration. */
export interface NamedFigure {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly label: string;
  readonly readAll: (health: HealthSnapshot) => Readonly<Record<string, number>>;
}

export interface HistogramFigure {
  readonly name: string;
  readonly type: "histogram";
  readonly help: string;
  readonly readHistogram: (health: HealthSnapshot) => Histogram | undefined;
}

export type Figure = NumberFigure | NamedFigure | HistogramFigure;
