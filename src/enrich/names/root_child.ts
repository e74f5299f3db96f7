import { lookUp } from "./root_lookup.ts";
import type { RootLookupSettings, RootRequest } from "./root_request.ts";

/*
 * The helper process: reads passwd and group below other roots. A read of a filesystem that hangs cannot be ended, and a thread
 * that is in one keeps its process from exiting; this process can be killed. It ends when mayfly does.
 */

const settings = JSON.parse(process.argv[2] ?? "{}") as RootLookupSettings;

process.on("message", (request: RootRequest) => {
  try {
    process.send?.(lookUp(request, settings));
  } catch (error) {
    process.send?.({ outcome: "failed", reason: String(error) });
  }
});
