import { REAL_SYSTEM } from "../../src/output/spool/options.ts";
import { Spool } from "../../src/output/spool/spool.ts";
import { ordinary, writeDocuments } from "./spool.fixture.ts";

/**
 * A process to be killed. It writes documents from number `first` on into the spool at `path`, and says on standard output
 * `N\n` when the documents below N are committed.
 */
const [path = "", first = "0"] = process.argv.slice(2);
const spool = await Spool.open({
  path,
  ...ordinary,
  whenFull: "drop_newest",
  maxLiveBytes: 0,
  system: REAL_SYSTEM,
});
for (let number = Number(first); ; number += 50) {
  writeDocuments(spool, number, number + 50, 200);
  await spool.commit();
  await new Promise<void>((resolve) => process.stdout.write(`${number + 50}\n`, () => resolve()));
}
