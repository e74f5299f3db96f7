import { isIP } from "node:net";
import { isAbsolute } from "node:path";

/** Where figures are told. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** sun_path of unix(7) holds 108 bytes with its NUL. */
const UNIX_PATH_MOST = 107;
const EXAMPLES = '"127.0.0.1:9464" or "unix:/run/mayfly/health.sock"';

/**
 * Reads setting telemetry.http: `HOST:PORT`, `:PORT` (this host only, 127.0.0.1), `[IPv6]:PORT`, `unix:/PATH`.
 * A fault goes behind the name of the key.
 */
export function parseAddress(text: string): { readonly value: Address } | { readonly fault: string } {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  if (text.startsWith("unix:")) return unixAddress(text.slice("unix:".length), shown);
  if (/^https?:\/\//i.test(text)) return { fault: `${shown}: leave "http://" away, write such as ${EXAMPLES}` };
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  if (match === null) return { fault: `${shown} is no address: write host and port, such as ${EXAMPLES}` };
  const [, inBrackets, bare = "", digits] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return { fault: `${shown}: a port is between 1 and 65535` };
  if (inBrackets !== undefined && isIP(inBrackets) !== 6)
    return { fault: `${shown}: within [ ] stands an IPv6 address, such as "[::1]:9464"` };
  const host = inBrackets ?? (bare === "" ? "127.0.0.1" : bare);
  if (inBrackets === undefined && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host))
    return { fault: `${shown}: that is no name of a host; for every address of this host write "0.0.0.0:${port}"` };
  return { value: { kind: "tcp", host, port } };
}

function unixAddress(path: string, shown: string): { readonly value: Address } | { readonly fault: string } {
  if (!isAbsolute(path))
    return { fault: `${shown}: behind "unix:" stands a path from the root, "unix:/run/mayfly.sock"` };
  if (path.includes("\0")) return { fault: `${shown}: a path holds no NUL` };
  if (Buffer.byteLength(path) > UNIX_PATH_MOST)
    return { fault: `${shown}: the path of a socket has at most ${UNIX_PATH_MOST} bytes` };
  return { value: { kind: "unix", path } };
}

/** As it stands in the configuration. */
export function addressText(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Whether only this host reaches it. */
export function isLocal(address: Address): boolean {
  return address.kind === "unix" || /^(localhost|127(\.[0-9]+){3}|::1)$/.test(address.host);
}
