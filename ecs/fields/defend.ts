import { type Fields, Nested } from "./field.ts";

/**
 * Outside ECS: what Elastic Defend's data stream `endpoint.events.process` maps (package 9.6.0-prerelease.0), whatever the
 * system, so that what is written for that stream finds every field in ours.
 */

const real: Fields = { real: { id: "keyword", name: "keyword" } };

const signatures = new Nested({
  exists: "boolean",
  status: "keyword",
  subject_name: "keyword",
  thumbprint_sha256: "keyword",
  trusted: "boolean",
  valid: "boolean",
});

const parentProcess: Fields = {
  Ext: {
    architecture: "keyword",
    code_signature: signatures,
    command_line_truncated: "boolean",
    protection: "keyword",
    real: { pid: "long" },
    user: "keyword",
  },
  pgid: "long",
  ppid: "long",
  thread: {
    Ext: {
      call_stack: {
        allocation_private_bytes: "unsigned_long",
        callsite_leading_bytes: "keyword",
        callsite_trailing_bytes: "keyword",
        protection: "keyword",
        symbol_info: "path",
      },
      call_stack_contains_unbacked: "boolean",
      call_stack_summary: "path",
      hardware_breakpoint_set: "boolean",
    },
  },
};

const processExt: Fields = {
  ancestry: "keyword",
  architecture: "keyword",
  authentication_id: "keyword",
  code_signature: signatures,
  command_line_truncated: "boolean",
  created_suspended: "boolean",
  defense_evasions: "keyword",
  desktop_name: "keyword",
  device: {
    bus_type: "keyword",
    dos_name: "keyword",
    file_system_type: "keyword",
    nt_name: "keyword",
    product_id: "keyword",
    serial_number: "keyword",
    vendor_id: "keyword",
    volume_device_type: "keyword",
  },
  dll: {
    Ext: { mapped_address: "unsigned_long", mapped_size: "unsigned_long" },
    name: "keyword",
    path: "path",
  },
  effective_parent: { entity_id: "keyword", executable: "path", name: "keyword", pid: "long" },
  load_module: {
    name: "keyword",
    src_version: "keyword",
    taint_flags: "keyword",
    taints: "long",
    version: "keyword",
  },
  memfd: {
    flag_allow_seal: "boolean",
    flag_cloexec: "boolean",
    flag_exec: "boolean",
    flag_hugetlb: "boolean",
    flag_noexec_seal: "boolean",
    flags: "long",
    name: "keyword",
  },
  mitigation_policies: "keyword",
  protection: "keyword",
  ptrace: { addr: "long", child_pid: "long", data: "long", request: "long" },
  relative_file_creation_time: "double",
  relative_file_name_modify_time: "double",
  script: { content: "match_only_text", path: "path" },
  session: "keyword",
  session_info: {
    authentication_package: "keyword",
    client_address: "keyword",
    id: "unsigned_long",
    logon_type: "keyword",
    relative_logon_time: "double",
    relative_password_age: "double",
    user_flags: "keyword",
  },
  shmget: { flags: "long", key: "long", size: "long" },
  token: {
    elevation: "boolean",
    elevation_level: "keyword",
    elevation_type: "keyword",
    integrity_level_name: "keyword",
    security_attributes: "keyword",
  },
  trusted: "boolean",
  trusted_descendant: "boolean",
  windows: { zone_identifier: "keyword" },
};

export const defendFields: Fields = {
  elastic: { agent: { id: "keyword" } },
  group: { Ext: real },
  host: { os: { Ext: { variant: "keyword" } } },
  process: {
    Ext: processExt,
    ai_agent: { is_descendant: "boolean", name: "keyword" },
    origin_referrer_url: "path",
    origin_url: "path",
    parent: parentProcess,
    pgid: "long",
    ppid: "long",
  },
  user: { Ext: real, group: { Ext: real } },
};
