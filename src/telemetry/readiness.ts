import { dropFigure } from "./figures/drops.ts";
import type { HealthSnapshot } from "./health.ts";

/** Documents that were dropped make mayfly not ready for so long, in ms: time for a check every 30 s to see it. */
const DROPPING_FOR_MS = 60_000;

/** Why mayfly does not do what it is there for. */
export interface Reason {
  /** Stable, lower case: `not_watching`, `delivery_stopped`, `spool_fault`, `dropping`. */
  readonly code: string;
  /** A sentence. */
  readonly message: string;
}

/** What /readyz answers. */
export interface Readiness {
  readonly ready: boolean;
  readonly state: HealthSnapshot["state"];
  /** Empty when ready. */
  readonly reasons: readonly Reason[];
}

interface DropSeen {
  readonly count: number;
  /** When it last rose, ms since the epoch. */
  readonly roseAt: number;
}

/**
 * Ready means: the first scan is applied, the probes are in the kernel, and what comes out arrives or lies safely in the
 * spool. Elasticsearch being away is no reason (the spool is there for it); what the spool cannot keep is.
 */
export class ReadinessWatch {
  readonly #seen = new Map<string, DropSeen>();

  /** Looks whether something was dropped since the last look. Call it every 10 s or so, or a drop is noticed late. */
  look(health: HealthSnapshot): void {
    for (const { labels, concern, read } of dropFigure.samples) {
      if (concern?.documentsGone !== true) continue;
      const count = read(health) ?? 0;
      const place = labels?.["place"] ?? "";
      const before = this.#seen.get(place)?.count ?? 0;
      if (count > before) this.#seen.set(place, { count, roseAt: health.at });
    }
  }

  of(health: HealthSnapshot): Readiness {
    this.look(health);
    const reasons = [...ownReasons(health), ...deliveryReasons(health), ...this.#droppingReasons(health)];
    return { ready: reasons.length === 0, state: health.state, reasons };
  }

  /** Short: what each place means stands beside the counter. */
  #droppingReasons({ at }: HealthSnapshot): Reason[] {
    return [...this.#seen].flatMap(([place, { count, roseAt }]) => {
      if (at - roseAt >= DROPPING_FOR_MS) return [];
      const message = `Documents were dropped within the last minute: ${place}, ${count} since the start.`;
      return [{ code: "dropping", message }];
    });
  }
}

function ownReasons({ state, attached }: HealthSnapshot): Reason[] {
  if (state === "starting") return [{ code: "not_watching", message: "The first scan is not applied yet." }];
  if (state === "stopping") return [{ code: "not_watching", message: "mayfly is ending." }];
  return attached ? [] : [{ code: "not_attached", message: "The probes are not in the kernel." }];
}

function deliveryReasons({ delivery, spool }: HealthSnapshot): Reason[] {
  const reasons: Reason[] = [];
  if (delivery?.state === "stopped")
    reasons.push({
      code: "delivery_stopped",
      message: `Nothing goes to Elasticsearch until this is mended: ${delivery.reason ?? "no reason given"}`,
    });
  if (spool?.fault !== undefined)
    reasons.push({ code: "spool_fault", message: `The spool cannot be written: ${spool.fault}` });
  return reasons;
}
