import { flat } from "./flat.ts";
import { writtenOnce } from "./image.ts";

/**
 * Text of a fact in which names of users and groups stand, kept from its second use on. Names come and change outside the kernel, while
 * the fact stays what it is: so a text is good for the edition of names that it was made of.
 */
export class KeptText {
  readonly text: string;
  readonly edition: number;

  constructor(text: string, edition: number) {
    this.text = text;
    this.edition = edition;
  }
}

/** Counts the times that names have changed behind a text that was written already. */
let current = 0;

export function nextEdition(): void {
  current++;
}

/** The text in a `rendered` slot; undefined when there is none that is good. Hot path. */
export function keptText(slot: unknown): string | undefined {
  return slot instanceof KeptText && slot.edition === current ? slot.text : undefined;
}

/** What to put into the slot after `text` was made. */
export function slotFor(slot: unknown, text: string): unknown {
  return slot === undefined ? writtenOnce : new KeptText(flat(text), current);
}
