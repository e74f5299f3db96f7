import type { PresetName } from "./presets.ts";

/** How a server's certificate is checked: chain and host name, chain only, not at all. */
export type VerificationMode = "full" | "certificate" | "none";

/** output.elasticsearch.ssl. Each of the four texts is a path, or the PEM itself. */
export interface TlsSettings {
  readonly certificateAuthorities: readonly string[];
  /** SHA-256 of a CA certificate that the server sends along, hexadecimal, colons allowed. */
  readonly caTrustedFingerprint: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly keyPassphrase: string | undefined;
  readonly verificationMode: VerificationMode;
}

/** Of each pair a setting and its `_file`, one at most. */
export interface CredentialSettings {
  /** `id:key`, or that in base64 as Kibana shows it. */
  readonly apiKey: string | undefined;
  readonly apiKeyFile: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
}

/** What a connection is made of. */
export interface ConnectionSettings {
  /** http or https URLs. A user and password in them are used when `credentials` names none. */
  readonly hosts: readonly string[];
  /** Instead of hosts: `name:base64`, from the deployment's page. */
  readonly cloudId: string | undefined;
  readonly credentials: CredentialSettings;
  readonly tls: TlsSettings;
  /** Bodies are compressed. `auto`: unless every host is this machine. */
  readonly gzip: "auto" | "on" | "off";
  /** A request without progress for so long has failed, ms. */
  readonly timeoutMs: number;
  /** Told to the server: `mayfly/0.1.0`. */
  readonly userAgent: string;
}

/** When documents get event.ingested from the pipeline: each, those that wait for more than a minute, none. */
export type IngestedMode = "always" | "late" | "off";

/** What the delivery is told. */
export interface DeliverySettings {
  readonly preset: PresetName;
  readonly ingested: IngestedMode;
  /** Third part of the data streams' names. */
  readonly namespace: string;
  /** 0 <= phase < 1, of a hash of the host's id: where in its interval this host flushes. */
  readonly phase: number;
}

/** The dead letter file. */
export interface DeadLetterSettings {
  readonly path: string;
  /** Bytes of the file and its one predecessor together. */
  readonly maxBytes: number;
}

export interface ElasticsearchSettings extends ConnectionSettings, DeliverySettings {
  readonly deadLetter: DeadLetterSettings;
}
