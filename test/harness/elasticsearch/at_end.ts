/** Whose end things are tied to: a test's context, or anything that calls back when it is over. */
export interface Owner {
  after(close: () => Promise<void>): void;
}

type Close = () => Promise<void> | void;

const closers = new WeakMap<Owner, Close[]>();

/**
 * Runs `close` when the test is over, also when it failed; what was opened last is closed first, so that nothing still
 * writes into what is being removed. (node:test runs its own `after` hooks in the order of their making.)
 * @throws at the test's end, the first thing that a `close` threw, after all have run
 */
export function atEnd(owner: Owner, close: Close): void {
  const known = closers.get(owner);
  if (known !== undefined) {
    known.push(close);
    return;
  }
  const opened = [close];
  closers.set(owner, opened);
  owner.after(() => closeAll(opened));
}

async function closeAll(opened: Close[]): Promise<void> {
  const faults: unknown[] = [];
  for (let close = opened.pop(); close !== undefined; close = opened.pop()) {
    try {
      await close();
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length > 0) throw faults[0];
}
