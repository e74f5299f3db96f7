// Generates src/record/layout.ts: where each field of a record lies, from the BTF of the compiled probes.
// usage: node scripts/layout.mjs BPFTOOL OBJECT [OUTPUT]   (without OUTPUT it prints)
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const STRUCTS = ["fork_record", "exec_record", "exit_record", "change_record", "clock_record"];

/** @returns {Map<number, any>} BTF types by id */
function readTypes(bpftool, object) {
  const { types } = JSON.parse(execFileSync(bpftool, ["-j", "btf", "dump", "file", object], { encoding: "utf8" }));
  return new Map(types.map((type) => [type.id, type]));
}

/** Follows typedefs and qualifiers to the type itself. */
function resolve(types, id) {
  let type = types.get(id);
  while (["TYPEDEF", "CONST", "VOLATILE"].includes(type.kind)) type = types.get(type.type_id);
  return type;
}

/** Every scalar and array of a struct as `outer_inner: [offset, bytes]`; the members of an anonymous struct belong to its owner. */
function flatten(types, struct, prefix, base, fields) {
  for (const member of struct.members) {
    const type = resolve(types, member.type_id);
    const offset = base + member.bits_offset / 8;
    const name = member.name === "(anon)" ? prefix : [...prefix, member.name];
    if (type.kind === "STRUCT" || type.kind === "UNION") flatten(types, type, name, offset, fields);
    else if (type.kind === "INT" || type.kind === "ENUM") fields.push([name.join("_"), offset, type.size]);
    // Of an array, where it begins.
    else if (type.kind === "ARRAY") fields.push([name.join("_"), offset, resolve(types, type.type_id).size]);
    else throw new Error(`${struct.name}.${member.name}: a record may not hold a ${type.kind}`);
  }
}

function camel(name) {
  return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

export function layoutSource(bpftool, object) {
  const types = readTypes(bpftool, object);
  const lines = [
    "// Generated from the probes' BTF by scripts/layout.mjs. Do not edit: change bpf/record.h and build.",
    "",
    "/** Byte offsets of the fields of each record, and its size without strings. All fields are little-endian, 4-byte aligned. */",
    "export const layout = {",
  ];
  for (const name of STRUCTS) {
    const struct = [...types.values()].find((type) => type.kind === "STRUCT" && type.name === name);
    if (!struct) throw new Error(`${object} has no BTF of ${name}`);
    const fields = [];
    flatten(types, struct, [], 0, fields);
    lines.push(`  ${name.replace("_record", "")}: {`, `    size: ${struct.size},`);
    for (const [field, offset, bytes] of fields) {
      if (offset % 4 !== 0 || (bytes !== 4 && bytes !== 8))
        throw new Error(`${name}.${field} is not made of 32-bit words`);
      if (!field.endsWith("_ns") || field === "usage_runtime_ns" || /(mnt|pid|user|net|uts|ipc|cgroup)_ns$/.test(field))
        lines.push(`    ${camel(field)}: ${offset},`);
    }
    lines.push("  },");
  }
  lines.push("} as const;", "");
  return lines.join("\n");
}

if (process.argv[1] === import.meta.filename) {
  const [, , bpftool, object, output] = process.argv;
  const source = layoutSource(bpftool, object);
  if (output === undefined) process.stdout.write(source);
  else if (!existsSync(output) || readFileSync(output, "utf8") !== source) writeFileSync(output, source);
}
