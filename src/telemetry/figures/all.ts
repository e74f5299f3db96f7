import { deliveryFigures } from "./delivery.ts";
import { dropFigure } from "./drops.ts";
import { enrichmentFigures } from "./enrichment.ts";
import type { Concern, Figure, Labels } from "./figure.ts";
import { outputFigures } from "./output.ts";
import { processFigures } from "./process.ts";

/** Every figure that mayfly tells: /metrics, metric documents and `mayfly status` are made of this list. */
export const figures: readonly Figure[] = [
  dropFigure,
  ...processFigures,
  ...enrichmentFigures,
  ...outputFigures,
  ...deliveryFigures,
];

/** The counts that should be 0, and what it means when they are not. */
export interface Worry {
  readonly name: string;
  readonly labels: Labels;
  readonly concern: Concern;
}

export const worries: readonly Worry[] = figures.flatMap((figure) =>
  "samples" in figure
    ? figure.samples.flatMap(({ labels = {}, concern }) =>
        concern === undefined ? [] : [{ name: figure.name, labels, concern }],
      )
    : [],
);
