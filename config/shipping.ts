import { z } from "zod";
import { duration, hostUrl, path, secret, size, text } from "./kinds.ts";

/* What only a run that ships needs: where to, and what waits on the way. */

const ssl = z.strictObject({
  certificate_authorities: z
    .array(path())
    .default([])
    .describe("Files with the certificates (PEM) that are trusted. A list of paths. Default the system's."),
  ca_trusted_fingerprint: z
    .string()
    .regex(/^([0-9a-fA-F]{2}:?){32}$/, "must be a SHA-256 fingerprint: 64 hexadecimal digits")
    .optional()
    .describe("The SHA-256 fingerprint of the CA certificate that is trusted, in hexadecimal. Default none."),
  certificate: path().optional().describe("The client certificate (PEM). Default none."),
  key: path().optional().describe("The private key of the client certificate (PEM). Default none."),
  key_passphrase: secret().optional().describe("What the private key is encrypted with. Default none."),
  verification_mode: z
    .enum(["full", "certificate", "none"])
    .default("full")
    .describe("full, certificate (the host name may differ) or none (for tests only). Default full."),
});

/** `output.elasticsearch` */
export const elasticsearch = z.strictObject({
  hosts: z
    .array(hostUrl())
    .default([])
    .describe("Addresses of the cluster, such as https://es.example:9200. A list. Default none: nothing is shipped."),
  cloud_id: text().optional().describe("The cloud id of an Elastic Cloud deployment, in place of hosts. Default none."),
  api_key: secret().optional().describe("An API key, as id:key or as Elasticsearch encodes it. Default none."),
  api_key_file: path().optional().describe("The file that holds the API key. Default none."),
  username: text().optional().describe("The user's name, where no API key is used. Default none."),
  password: secret().optional().describe("The user's password. Default none."),
  password_file: path().optional().describe("The file that holds the password. Default none."),
  namespace: z
    .string()
    .regex(
      /^[^-\\/*?"<>|\s,#:A-Z]{1,100}$/u,
      'must be 1 to 100 lower-case characters without - \\ / * ? " < > | , # : and spaces',
    )
    .default("default")
    .describe("data_stream.namespace: the last part of logs-mayfly.process-default. Default default."),
  preset: z
    .enum(["latency", "balanced", "scale"])
    .default("balanced")
    .describe(
      "How long documents gather for a request: latency 1 s, balanced 1,600 documents or 10 s, scale 30 s with " +
        "minimal host fields. Default balanced.",
    ),
  gzip: z
    .enum(["auto", "on", "off"])
    .default("auto")
    .describe("Whether requests are compressed, auto, on or off; auto is off for this machine itself. Default auto."),
  ingested: z
    .enum(["late", "always", "off"])
    .default("late")
    .describe("Which requests get event.ingested by the pipeline: late (over 60 s old), always or off. Default late."),
  timeout: duration("1s", "10m")
    .prefault("90s")
    .describe("How long an answer is waited for. A duration from 1s to 10m. Default 90s."),
  ssl: ssl.prefault({}).describe("TLS."),
  dead_letter: z
    .strictObject({
      max_size: size("1MiB", "64GiB")
        .prefault("64MiB")
        .describe("How large the file of refused documents may grow. A size from 1MiB to 64GiB. Default 64MiB."),
    })
    .prefault({})
    .describe("Documents that Elasticsearch refuses for what they are."),
});

/** `spool` */
export const spool = z.strictObject({
  path: path()
    .optional()
    .describe("The folder that keeps documents until Elasticsearch has them. Default spool in state.path."),
  max_size: size("8MiB", "1024GiB")
    .prefault("1GiB")
    .describe("How much of the disk the spool may take. A size from 8MiB to 1024GiB. Default 1GiB."),
  when_full: z
    .enum(["drop_oldest", "drop_newest"])
    .default("drop_oldest")
    .describe("What a full spool drops, drop_oldest or drop_newest. Default drop_oldest."),
  sync: duration("100ms", "10m", "batch")
    .prefault("5s")
    .describe(
      "How often it is forced to the disk, which is what a power cut can cost: a duration from 100ms to 10m, or batch " +
        "for every write. Default 5s.",
    ),
});
