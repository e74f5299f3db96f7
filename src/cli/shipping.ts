import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import type { ElasticsearchEvents } from "../output/elasticsearch/events.ts";
import type { ElasticsearchSettings } from "../output/elasticsearch/settings.ts";
import type { SpoolOptions } from "../output/spool/options.ts";
import { lockFile } from "../source/addon.ts";
import type { Log } from "../telemetry/log.ts";
import { version } from "../version.ts";

/* The configuration of shipping in the words of the rooms that do it. */

/** @param hostId decides where in its interval this host flushes, so that a fleet does not beat in step */
export function elasticsearchSettings(config: Config, hostId: string): ElasticsearchSettings {
  const { elasticsearch } = config.output;
  const { ssl } = elasticsearch;
  return {
    hosts: elasticsearch.hosts,
    cloudId: elasticsearch.cloud_id,
    credentials: {
      apiKey: elasticsearch.api_key,
      apiKeyFile: elasticsearch.api_key_file,
      username: elasticsearch.username,
      password: elasticsearch.password,
      passwordFile: elasticsearch.password_file,
    },
    tls: {
      certificateAuthorities: ssl.certificate_authorities,
      caTrustedFingerprint: ssl.ca_trusted_fingerprint,
      certificate: ssl.certificate,
      key: ssl.key,
      keyPassphrase: ssl.key_passphrase,
      verificationMode: ssl.verification_mode,
    },
    gzip: elasticsearch.gzip,
    timeoutMs: elasticsearch.timeout,
    userAgent: `mayfly/${version}`,
    preset: elasticsearch.preset,
    ingested: elasticsearch.ingested,
    namespace: elasticsearch.namespace,
    phase: createHash("sha256").update(hostId).digest().readUInt32BE(0) / 2 ** 32,
    deadLetter: { path: deadLetterPath(config), maxBytes: 2 * elasticsearch.dead_letter.max_size },
  };
}

export function deadLetterPath(config: Config): string {
  return join(config.state.path, "dead-letter.ndjson");
}

export function spoolOptions(config: Config, log: Log): SpoolOptions {
  const { spool } = config;
  const { namespace } = config.output.elasticsearch;
  return {
    path: spool.path,
    processIndex: `logs-mayfly.process-${namespace}`,
    agentIndex: `logs-mayfly.agent-${namespace}`,
    metricsIndex: `metrics-mayfly.agent-${namespace}`,
    lock: lockFile,
    maxBytes: spool.max_size,
    whenFull: spool.when_full,
    syncMs: spool.sync === 0 ? "batch" : spool.sync,
    onWarn: (code, message, details) => log.warn(message, { code, ...details }),
    onRecover: (code, message, details) => log.info(message, { code, ...details }),
  };
}

export function elasticsearchEvents(log: Log): ElasticsearchEvents {
  return {
    onInfo: (code, message, details) => log.info(message, { code, ...details }),
    onWarn: (code, message, details) => log.repeated("warn", code, message, { ...details }),
  };
}
