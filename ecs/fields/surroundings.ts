import { codeSignature, hash } from "./binary.ts";
import type { Fields } from "./field.ts";

/* The field sets of ECS around a process: where, when, whose. */

const geo: Fields = {
  city_name: "keyword",
  continent_code: "keyword",
  continent_name: "keyword",
  country_iso_code: "keyword",
  country_name: "keyword",
  location: "geo_point",
  name: "keyword",
  postal_code: "keyword",
  region_iso_code: "keyword",
  region_name: "keyword",
  timezone: "keyword",
};

const risk: Fields = {
  calculated_level: "keyword",
  calculated_score: "float",
  calculated_score_norm: "float",
  static_level: "keyword",
  static_score: "float",
  static_score_norm: "float",
};

const group: Fields = { domain: "keyword", id: "keyword", name: "keyword" };

const user: Fields = {
  domain: "keyword",
  email: "keyword",
  full_name: "keyword+text",
  group,
  hash: "keyword",
  id: "keyword",
  name: "keyword+text",
  risk,
  roles: "keyword",
};

const bytes: Fields = { bytes: "long" };
const traffic: Fields = { bytes: "long", packets: "long" };

export const event: Fields = {
  action: "keyword",
  agent_id_status: "keyword",
  category: "keyword",
  code: "keyword",
  created: "date",
  dataset: "keyword",
  duration: "long",
  end: "date",
  hash: "keyword",
  id: "id",
  ingested: "date",
  kind: "keyword",
  module: "keyword",
  original: "kept",
  outcome: "keyword",
  provider: "keyword",
  reason: "path",
  reference: "keyword",
  risk_score: "float",
  risk_score_norm: "float",
  sequence: "long",
  severity: "long",
  start: "date",
  timezone: "keyword",
  type: "keyword",
  url: "keyword",
};

const host: Fields = {
  architecture: "keyword",
  boot: { id: "keyword" },
  cpu: { usage: "scaled_float" },
  disk: { read: bytes, write: bytes },
  domain: "keyword",
  geo,
  hostname: "keyword",
  id: "keyword",
  ip: "ip",
  mac: "keyword",
  name: "keyword",
  network: { egress: traffic, ingress: traffic },
  os: {
    family: "keyword",
    full: "keyword+text",
    kernel: "keyword",
    name: "keyword+text",
    platform: "keyword",
    type: "keyword",
    version: "keyword",
  },
  pid_ns_ino: "keyword",
  risk,
  type: "keyword",
  uptime: "long",
};

const container: Fields = {
  cpu: { usage: "scaled_float" },
  disk: { read: bytes, write: bytes },
  id: "keyword",
  image: { hash: { all: "keyword" }, name: "keyword", tag: "keyword" },
  labels: "labels",
  memory: { usage: "scaled_float" },
  name: "keyword",
  network: { egress: bytes, ingress: bytes },
  runtime: "keyword",
  security_context: { privileged: "boolean" },
};

const orchestrator: Fields = {
  api_version: "keyword",
  cluster: { id: "keyword", name: "keyword", url: "keyword", version: "keyword" },
  namespace: "keyword",
  organization: "keyword",
  resource: {
    annotation: "keyword",
    id: "keyword",
    ip: "ip",
    label: "keyword",
    name: "keyword",
    parent: { type: "keyword" },
    type: "keyword",
  },
  type: "keyword",
};

const cloud: Fields = {
  account: { id: "keyword", name: "keyword" },
  availability_zone: "keyword",
  instance: { id: "keyword", name: "keyword" },
  machine: { type: "keyword" },
  project: { id: "keyword", name: "keyword" },
  provider: "keyword",
  region: "keyword",
  service: { name: "keyword" },
};

export const surroundings: Fields = {
  "@timestamp": "date",
  agent: {
    build: { original: "keyword" },
    ephemeral_id: "keyword",
    id: "keyword",
    name: "keyword",
    type: "keyword",
    version: "keyword",
  },
  cloud,
  container,
  data_stream: { dataset: "constant_keyword", namespace: "constant_keyword", type: "constant_keyword" },
  destination: { geo, ip: "ip", port: "long" },
  dns: { question: { name: "keyword" } },
  ecs: { version: "keyword" },
  error: {
    code: "keyword",
    id: "keyword",
    message: "match_only_text",
    stack_trace: "wildcard+text",
    type: "keyword",
  },
  event,
  file: { code_signature: codeSignature, extension: "keyword", hash, name: "path", path: "path+text" },
  group,
  host,
  http: {
    request: { body: { content: "wildcard+text" }, method: "keyword" },
    response: { status_code: "long" },
  },
  labels: "labels",
  log: { file: { path: "path" }, level: "keyword", logger: "keyword" },
  message: "match_only_text",
  network: { application: "keyword", direction: "keyword" },
  orchestrator,
  package: { name: "keyword", type: "keyword", version: "keyword" },
  related: { hash: "keyword", hosts: "keyword", ip: "ip", user: "keyword" },
  rule: { id: "keyword", name: "keyword" },
  service: { name: "keyword", type: "keyword" },
  source: { domain: "keyword", geo, ip: "ip", port: "long" },
  tags: "keyword",
  url: { extension: "keyword", path: "wildcard" },
  user: { ...user, effective: user },
};
