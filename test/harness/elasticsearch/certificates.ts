import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bits, explicit, implicit, integer, octets, oid, sequence, set, TRUE, utcTime, utf8 } from "./der.ts";

/*
 * Certificates of one day, made in the test: Node signs and reads X.509 but does not write it, and a test that needs
 * the openssl command would skip where that is not installed. Structure: RFC 5280, section 4.1.
 */

/** A certificate with its key, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** ecdsa-with-SHA256. */
const signature = sequence(oid("1.2.840.10045.4.3.2"));

/** A certificate authority. */
export class Authority {
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the certificate, as the client's caFingerprint takes it: AB:CD:... */
  readonly fingerprint: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name = `test authority ${randomBytes(4).toString("hex")}`) {
    const { publicKey, privateKey } = newKeys();
    this.#name = name;
    this.#key = privateKey;
    // keyCertSign is bit 5 of the key usage.
    const own = [extension("2.5.29.19", sequence(TRUE), true), extension("2.5.29.15", bits(Buffer.of(0x04), 2), true)];
    this.cert = this.#certify(name, publicKey, own);
    this.fingerprint = new X509Certificate(this.cert).fingerprint256;
  }

  /** For a server on 127.0.0.1 and localhost. The authority's own comes along: `caFingerprint` is looked for there. */
  server(): Identity {
    return this.#identity("a test's server", Buffer.from([127, 0, 0, 1]), "localhost");
  }

  /** One that is not for 127.0.0.1: only `verification_mode: certificate` or `none` takes it. */
  serverElsewhere(): Identity {
    return this.#identity("another server", Buffer.from([192, 0, 2, 1]), "elsewhere.test");
  }

  /** @param passphrase encrypts the key */
  client(passphrase?: string): Identity {
    const { publicKey, privateKey } = newKeys();
    return { cert: this.#certify("a test's client", publicKey, []), key: keyText(privateKey, passphrase) };
  }

  #identity(name: string, address: Uint8Array, host: string): Identity {
    const { publicKey, privateKey } = newKeys();
    const names = extension("2.5.29.17", sequence(implicit(7, address), implicit(2, Buffer.from(host))));
    return { cert: this.#certify(name, publicKey, [names]) + this.cert, key: keyText(privateKey) };
  }

  #certify(subject: string, key: KeyObject, extensions: readonly Buffer[]): string {
    const now = Date.now();
    const signed = sequence(
      explicit(0, integer(Buffer.of(2))),
      integer(Buffer.of(1, ...randomBytes(8))),
      signature,
      nameOf(this.#name),
      sequence(utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
      nameOf(subject),
      key.export({ type: "spki", format: "der" }),
      ...(extensions.length > 0 ? [explicit(3, sequence(...extensions))] : []),
    );
    const whole = sequence(signed, signature, bits(sign("sha256", signed, this.#key)));
    const lines = whole.toString("base64").replace(/.{1,64}/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
  }
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function keyText(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return key.export({ type: "pkcs8", format: "pem", ...encryption }).toString();
}

/** One common name. */
function nameOf(text: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8(text))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(oid(id), TRUE, octets(value)) : sequence(oid(id), octets(value));
}
