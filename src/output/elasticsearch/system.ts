/** Time and chance, so that tests can be their master. */
export interface DeliverySystem {
  /** ms since the epoch. */
  readonly now: () => number;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly setTimer: (run: () => void, ms: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
}

export const REAL_DELIVERY_SYSTEM: DeliverySystem = {
  now: Date.now,
  random: Math.random,
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
