/*
 * Between mayfly and its helper process: one JSON object a line, requests on the helper's stdin, answers on its stdout in any
 * order. The helper says READY once, before its first answer. It ends when its stdin does.
 */

/** What the helper does for us; a new kind needs its line here and in `services` of main.ts. */
export type HelperKind = "executable" | "script" | "package";

export interface HelperRequest {
  /** From 1; unique in the life of one helper. */
  readonly id: number;
  readonly kind: HelperKind;
  /** The helper gives up by itself after this time; it is killed when it cannot even do that. */
  readonly limitMs: number;
  /** What the kind's service takes. */
  readonly body: unknown;
}

/**
 * `reached`: what the request is about has been found, and comes before the answer. `fault` stands for a defect of the helper: what a
 * service expects to go wrong is part of its answer.
 */
export type HelperAnswer =
  | { readonly id: number; readonly reached: true }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly fault: string };

export const READY = "ready";

/** How a service stands to the request that it does. */
export interface Course {
  /** Of performance.now(): what is not done by then is given up. */
  readonly deadline: number;
  /** To be called when the way to the thing lies behind it: if it hangs from here on, it is where the thing is. */
  readonly reached: () => void;
}

export type Service = (body: never, course: Course) => Promise<unknown>;
