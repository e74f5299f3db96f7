import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Collector } from "../harness/collector.ts";

/* Real documents: what mayfly tells of a host with builds, shells, checks and cron jobs. */

export interface SentDocument {
  readonly id: string;
  readonly line: string;
}

/** What a host does, over and over; some 450 processes a second on two cores. $1: seconds. */
const work = `
folder=$(mktemp -d); end=$((SECONDS + $1))
while ((SECONDS < end)); do
  git log --oneline -5; git rev-parse HEAD; git ls-files src | head -20
  for file in $(ls src/process | head -12); do grep -c import "src/process/$file"; basename "src/process/$file" .ts; done
  find ecs -name '*.ts' -exec head -1 {} \\;
  for i in 1 2 3; do
    echo "int f$i(void) { return $i; }" > "$folder/f$i.c"
    gcc -O2 -Wall -Wextra -fPIC -I/usr/include "-DNAME=\\"module$i\\"" -c "$folder/f$i.c" -o "$folder/f$i.o"
  done
  ar rcs "$folder/all.a" "$folder"/*.o
  for i in $(seq 1 25); do /bin/true; sh -c 'test -f /etc/passwd && cat /etc/hostname | tr a-z A-Z'; date +%s; done
  ps aux --no-headers | awk '{print $1}' | sort | uniq -c | sort -rn | head -3
  df -h /; free -m; uptime; id -u; hostname; sed -n 1p /etc/passwd; stat /etc/hosts; cut -d: -f1 /etc/group
  perl -e 'print 1'; sh -c 'echo backup' "--job=backup-$RANDOM" --since=2026-11-21T09:00:00Z
  su -s /bin/sh nobody -c 'ls /tmp; id'
  seq 1 10 | xargs -n1 echo; ls -la /usr/bin; readlink -f /bin/sh
done
rm -r "$folder"`;

/** Watches a busy host for so long. Needs root. */
export async function realLines(seconds: number): Promise<string[]> {
  const collector = await Collector.start({ into: "file", snapshot: false });
  try {
    await once(spawn("bash", ["-c", work, "work", String(seconds)], { stdio: "ignore" }), "exit");
    await collector.stop();
    return readFileSync(collector.file ?? "", "utf8")
      .trimEnd()
      .split("\n");
  } finally {
    await collector.kill();
  }
}

const HOSTS = 20;
/** Documents of one host in a row: what a request of it holds. */
const IN_A_ROW = 40;

interface OneHost {
  readonly host: { readonly id: string; readonly name: string; readonly boot: { readonly id: string } } & {
    readonly hostname: string;
    readonly ip?: readonly string[];
    readonly mac?: readonly string[];
  };
  readonly agent: { readonly id: string; readonly ephemeral_id: string };
}

/** The same documents as if 20 hosts had sent them in turn: names, addresses and ids are those of each. */
export function spread(lines: readonly string[]): SentDocument[] {
  const { host, agent } = JSON.parse(lines[0] ?? "") as OneHost;
  const entity = lines.map((line) => /"entity_id":"([^"]{10})/.exec(line)?.[1]).find((prefix) => prefix !== undefined);
  return lines.map((line, number) => {
    const at = Math.floor(number / IN_A_ROW) % HOSTS;
    const name = `web-${at}`;
    const changes: [string, string][] = [
      [`"${entity}`, `"${digest("base64url", `entity ${at}`, 10)}`],
      [host.id, digest("hex", `host ${at}`, 32)],
      [`"${host.name}"`, `"${name}"`],
      [`"${host.hostname}"`, `"${name}"`],
      [host.boot.id, digest("hex", `boot ${at}`, 36)],
      [agent.id, digest("hex", `agent ${at}`, 36)],
      [agent.ephemeral_id, digest("hex", `run ${at}`, 36)],
      ...(host.ip ?? []).map((ip): [string, string] => [
        `"${ip}"`,
        ip.includes(":") ? `"fe80::${at + 1}"` : `"192.0.2.${at + 1}"`,
      ]),
      ...(host.mac ?? []).map((mac): [string, string] => [mac, `00-00-5E-00-53-${16 + at}`]),
    ];
    // The host's part of event.id stands behind the time.
    const id = /"id":"([^"]{24})"/.exec(line)?.[1] ?? "";
    const own = id.slice(0, 10) + digest("base64url", `id ${at}`, 6) + id.slice(16);
    const text = changes.reduce((changed, [from, to]) => changed.replaceAll(from, to), line);
    return { id: own, line: text.replace(id, own) };
  });
}

function digest(form: "hex" | "base64url", text: string, length: number): string {
  return createHash("sha256").update(text).digest(form).slice(0, length);
}
