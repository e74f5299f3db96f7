import { askCluster, type Cluster, checkLicense, checkPolicy, licenseNote } from "./cluster.ts";
import { install, type Step } from "./install.ts";
import { partsOf } from "./parts.ts";
import type { Requester } from "./requester.ts";
import { declined, streamsOfElastic } from "./rules.ts";
import type { SetupSettings } from "./settings.ts";
import { existingStreams, renew } from "./streams.ts";

export interface SetupEvents {
  readonly onCluster: (cluster: Cluster, note: string) => void;
  readonly onStep: (step: Step) => void;
}

/**
 * Brings the cluster to what mayfly needs; what is so already is left alone. A step that fails ends it, and those before it stay:
 * calling it again goes on there.
 * @throws MayflyError
 */
export async function setUp(
  requester: Requester,
  settings: SetupSettings,
  rollover: boolean,
  { onCluster, onStep }: SetupEvents,
): Promise<void> {
  const cluster = await askCluster(requester);
  checkLicense(cluster, settings.indexMode);
  if (settings.ilm !== undefined) await checkPolicy(requester, settings.ilm);
  onCluster(cluster, licenseNote(cluster, settings.indexMode));
  const found = settings.rules ? await streamsOfElastic(requester) : [];
  const rules = settings.rules && found.length === 0;
  for (const part of partsOf({ ...settings, rules }, cluster)) onStep(await install(requester, part));
  for (const stream of await existingStreams(requester)) onStep(await renew(requester, stream, rollover));
  if (found.length > 0) onStep({ what: "aliases for rules", outcome: "declined", note: declined(found) });
}
