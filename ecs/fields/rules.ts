import type { Fields } from "./field.ts";

/**
 * Outside ECS and Elastic Defend: what Elastic's prebuilt EQL rules for Linux name without `?`. Such a rule fails as a whole
 * (verification_exception) where one of its fields has no mapping, though mayfly never sends it.
 */
export const ruleFields: Fields = {
  auditd: {
    data: { a0: "keyword", a1: "keyword", a2: "keyword", class: "keyword", syscall: "keyword" },
    result: "keyword",
  },
  file: { Ext: { original: { extension: "keyword", name: "path", path: "path" } } },
  kubernetes: {
    audit: {
      annotations: { "authorization_k8s_io/decision": "keyword" },
      objectRef: { resource: "keyword", subresource: "keyword" },
      stage: "keyword",
      user: { extra: { authentication: { kubernetes: { "io/pod-name": "keyword" } } } },
      verb: "keyword",
    },
  },
};
