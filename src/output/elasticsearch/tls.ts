import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, rootCertificates, type SecureContextOptions, type TLSSocket } from "node:tls";
import { ExitCode, MayflyError } from "../../errors.ts";
import type { TlsSettings } from "./settings.ts";

/** What an https connection is made with. */
export interface TlsOptions extends SecureContextOptions {
  readonly ca?: string[];
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity?: () => undefined;
}

/** Reads the files. Throws BAD_TLS with the setting's name; never with the content of a key or its passphrase. */
export function readTls(settings: TlsSettings): TlsOptions {
  const { certificateAuthorities, certificate, key, keyPassphrase, verificationMode } = settings;
  if ((certificate === undefined) !== (key === undefined))
    throw bad("ssl.certificate and ssl.key belong together; set both or neither");
  return {
    rejectUnauthorized: verificationMode !== "none",
    ...(verificationMode === "certificate" && { checkServerIdentity: () => undefined }),
    ...(certificateAuthorities.length > 0 && {
      ca: certificateAuthorities.map((text) => pem("ssl.certificate_authorities", text)),
    }),
    ...(certificate !== undefined && { cert: pem("ssl.certificate", certificate) }),
    ...(key !== undefined && { key: pem("ssl.key", key) }),
    ...(keyPassphrase !== undefined && { passphrase: keyPassphrase }),
  };
}

function pem(name: string, pathOrText: string): string {
  const text = pathOrText.includes("-----BEGIN") ? pathOrText : readPem(name, pathOrText);
  if (!text.includes("-----BEGIN")) throw bad(`${name}: ${pathOrText} holds no PEM; it begins with -----BEGIN`);
  return text;
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw bad(`${name}: cannot read ${path}: the system says ${(error as NodeJS.ErrnoException).code ?? "nothing"}`);
  }
}

function bad(message: string): MayflyError {
  return new MayflyError("BAD_TLS", ExitCode.config, `output.elasticsearch.${message}`);
}

/** Bytes of a SHA-256 in hexadecimal. Throws BAD_TLS. */
export function fingerprintOf(text: string): string {
  const plain = text.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(plain))
    throw bad("ssl.ca_trusted_fingerprint is no SHA-256; it has 64 hexadecimal digits");
  return plain;
}

const PROBE_MS = 10_000;

/**
 * The CA certificate with this fingerprint that a server sends along, to be trusted as if it stood in a file: the real
 * connection then verifies chain and name with it. Looking for the fingerprint in the chain of the real connection instead,
 * as the client does, would accept a chain that only names the CA and is not signed by it, after the request was sent.
 */
export async function trustedCa(url: URL, fingerprint: string, options: TlsOptions): Promise<string> {
  const chain = await peerChain(url, options);
  const found = chain.find((raw) => createHash("sha256").update(raw).digest("hex") === fingerprint);
  if (found === undefined)
    throw new Error("certificate: none that the server sends has the fingerprint of ssl.ca_trusted_fingerprint");
  const certificate = new X509Certificate(found);
  if (!certificate.ca) throw new Error("certificate: the one with ssl.ca_trusted_fingerprint is none of an authority");
  return certificate.toString();
}

/** The authorities of Node and one more. */
export function withCa(options: TlsOptions, ca: string): TlsOptions {
  return { ...options, ca: [...(options.ca ?? rootCertificates), ca] };
}

/** The certificates that the server sends, unverified. Nothing is sent to it. */
function peerChain(url: URL, options: TlsOptions): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const socket: TLSSocket = connect({
      ...options,
      host,
      port: Number(url.port || 443),
      ...(!/^[\d.]+$|:/.test(host) && { servername: host }),
      rejectUnauthorized: false,
      timeout: PROBE_MS,
    });
    socket.once("secureConnect", () => {
      resolve(chainOf(socket));
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error("connect ETIMEDOUT")));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("connect: closed before the TLS handshake")));
  });
}

function chainOf(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && !chain.some((raw) => raw.equals(certificate.raw))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
