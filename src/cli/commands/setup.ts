import { ExitCode, MayflyError } from "../../errors.ts";
import type { ConnectionSettings } from "../../output/elasticsearch/settings.ts";
import { newestCluster } from "../../setup/cluster.ts";
import { openRequester } from "../../setup/connection.ts";
import { devToolsText, requestsOf } from "../../setup/devtools.ts";
import type { Outcome, Step } from "../../setup/install.ts";
import { partsOf } from "../../setup/parts.ts";
import type { Requester } from "../../setup/requester.ts";
import { grantsOf } from "../../setup/roles.ts";
import { type SetupChoices, settingsOf } from "../../setup/settings.ts";
import { setUp } from "../../setup/setup.ts";
import { printable } from "../../telemetry/printable.ts";
import type { Paint, Style } from "../pretty/style.ts";

export interface SetupOptions extends SetupChoices {
  readonly connection: ConnectionSettings;
  /** Of the hosts, for the roles; undefined: any. */
  readonly namespace: string | undefined;
  /** Give streams that are there a new write index where that is needed. */
  readonly rollover: boolean;
  /** Show the requests and send nothing. */
  readonly dryRun: boolean;
  /** The same as one JSON object. */
  readonly print: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly style: Style;
  /** Where the requests go; default: over `connection`. */
  readonly open?: (settings: ConnectionSettings) => Promise<Requester & { close(): void }>;
}

/**
 * Prepares a cluster for mayfly's documents.
 * @throws MayflyError USAGE (64), NO_ELASTICSEARCH (64), NO_SERVER, REFUSED (73), NOT_LOGGED_IN, NOT_ALLOWED, TOO_OLD (77),
 *   NO_LICENSE, NO_POLICY and those of `connect` (78)
 */
export async function setup(options: SetupOptions): Promise<ExitCode> {
  const settings = settingsOf(options);
  const grants = grantsOf(options.namespace);
  if (options.dryRun || options.print) {
    const requests = requestsOf(partsOf(settings, newestCluster));
    const text = options.print
      ? `${JSON.stringify({ requests, grants }, undefined, 2)}\n`
      : `# mayfly setup would send these; nothing was sent.\n\n${devToolsText(requests)}\n${GRANTS}\n\n${devToolsText(grants)}`;
    options.stdout.write(text);
    return ExitCode.ok;
  }
  if (options.connection.hosts.length === 0 && options.connection.cloudId === undefined)
    throw new MayflyError(
      "USAGE",
      ExitCode.usage,
      "Which cluster? mayfly setup --elasticsearch https://es.example.org:9200",
    );
  const requester = await (options.open ?? openRequester)(options.connection);
  try {
    await setUp(requester, settings, options.rollover, {
      onCluster: ({ version }, note) =>
        options.stdout.write(`Elasticsearch ${printable(version)}, ${printable(note)}\n`),
      onStep: (step) => options.stdout.write(stepLine(step, options.style)),
    });
  } finally {
    requester.close();
  }
  options.stdout.write(`\n${GRANTS}\n\n${devToolsText(grants)}`);
  return ExitCode.ok;
}

const GRANTS =
  "# For the hosts and for those who search. Setup sends none of these: paste them into Kibana, Dev Tools.";

const marks: Readonly<Record<Outcome, { readonly unicode: string; readonly ascii: string; readonly paint: Paint }>> = {
  created: { unicode: "✓", ascii: "+", paint: "green" },
  updated: { unicode: "✓", ascii: "+", paint: "green" },
  unchanged: { unicode: "✓", ascii: "=", paint: "dim" },
  declined: { unicode: "!", ascii: "!", paint: "yellow" },
  "rollover needed": { unicode: "!", ascii: "!", paint: "yellow" },
};

/** Text of the server stands in it. */
function stepLine({ what, outcome, note }: Step, style: Style): string {
  const { unicode, ascii, paint } = marks[outcome];
  const mark = style.paint(style.unicode ? unicode : ascii, paint);
  const said = note === "" ? "" : `: ${note}`;
  return `${mark} ${outcome.padEnd(9)} ${printable(what + said)}\n`;
}
