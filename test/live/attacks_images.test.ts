import { chmodSync } from "node:fs";
import type { Attack } from "../harness/attack/attack.ts";
import { hashOf } from "../harness/attack/compare.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { absent, has } from "../harness/attack/field.ts";
import { programPath } from "../harness/checkout.ts";

/* Executables that are not where they should be, not what they are called, or no files any more. */

/** Of no package, and where nothing is installed. */
const dropped = { "mayfly.executable.package.name": absent };

const attacks: readonly Attack[] = [
  {
    title: "an image in memory only",
    rule: "an executable that never had a path",
    run: async (scene) => {
      await scene.run(programPath("memfd_exec"), []);
      return [
        {
          of: { "process.args": ["ghost", "0"] },
          fields: {
            "process.executable": "memfd:mayfly-ghost",
            "process.name": "memfd:mayfly-ghost",
            "mayfly.executable.memfd": true,
            "process.parent.executable": programPath("memfd_exec"),
          },
          context: { ...dropped, "process.hash.sha256": hashOf(programPath("truth")) },
        },
      ];
    },
  },
  {
    title: "a file that is deleted before it runs",
    rule: "an executable that is started from a descriptor of a removed file",
    run: async (scene) => {
      const path = scene.copy("/bin/sleep", "dropper");
      const hash = hashOf(path);
      await scene.shell("exec 3< ./dropper; rm ./dropper; /proc/self/fd/3 0.2");
      return [
        {
          of: { "process.args": ["/proc/self/fd/3", "0.2"] },
          fields: {
            "process.executable": path,
            "process.name": "dropper",
            "mayfly.executable.deleted": true,
            "process.parent.command_line": /rm \.\/dropper/,
          },
          context: { ...dropped, "process.hash.sha256": hash },
        },
        { of: { "process.name": "rm" }, fields: { "process.args": ["rm", "./dropper"] } },
      ];
    },
  },
  {
    title: "a program in /dev/shm",
    rule: "an executable on a filesystem in memory",
    needs: ["/dev/shm"],
    run: async (scene) => {
      const folder = scene.folderIn("/dev/shm");
      chmodSync(folder, 0o755);
      await scene.shell(`cp /bin/sleep ${folder}/worker && ${folder}/worker 0.01`);
      return [
        {
          of: { "process.name": "worker" },
          fields: { "process.executable": `${folder}/worker`, "process.args": [`${folder}/worker`, "0.01"] },
          context: dropped,
        },
      ];
    },
  },
  {
    title: "a hidden file in a hidden folder of /tmp",
    rule: "an executable whose path has a name that begins with a dot",
    run: async (scene) => {
      const path = scene.copy("/bin/sleep", ".X11-unix/.cache");
      await scene.run("bash", ["-c", "cd .X11-unix; ./.cache 0.01; exit 0"]);
      return [
        {
          of: { "process.executable": path },
          fields: {
            "process.name": ".cache",
            "process.args": ["./.cache", "0.01"],
            "process.working_directory": scene.path(".X11-unix"),
            "process.parent.name": "bash",
            "process.parent.working_directory": scene.folder,
          },
          context: dropped,
        },
      ];
    },
  },
  {
    title: "a program that calls itself a kernel thread",
    rule: "brackets in the first argument, and yet an executable",
    run: async (scene) => {
      const path = scene.copy("/bin/sleep", "miner");
      await scene.run("bash", ["-c", 'exec -a "[kworker/0:1]" ./miner 0.01']);
      return [
        { of: { "process.name": "bash" }, fields: { "process.command_line": /exec -a "\[kworker/ } },
        {
          of: { "process.name": "miner" },
          fields: {
            "process.args": ["[kworker/0:1]", "0.01"],
            "process.command_line": "[kworker/0:1] 0.01",
            "process.executable": path,
          },
          context: { ...dropped, "process.previous.args": has("bash"), "process.previous.executable": /\/bash$/ },
        },
      ];
    },
  },
  {
    title: "an executable file with the name of a kernel thread",
    rule: "a kernel thread's name on a process that is none",
    run: async (scene) => {
      const path = scene.copy("/bin/sleep", "kworker-u8:3");
      await scene.shell(`'${path}' 0.01`);
      const parent = { "process.parent.name": /sh$/, "process.parent.executable": /^(\/usr)?\/bin\// };
      return [
        { of: { "process.executable": path }, fields: { "process.name": "kworker-u8:3", ...parent }, context: dropped },
      ];
    },
  },
  {
    title: "executable files named by a space, and from right to left",
    rule: "names that are not what they look like",
    run: async (scene) => {
      const [space, reversed] = [scene.idle(" "), scene.idle("invoice\u202efdp.sh")];
      await scene.shell(`'${space}' a; '${reversed}' b`);
      return [
        { of: { "process.args": [space, "a"] }, fields: { "process.name": " ", "process.executable": space } },
        {
          of: { "process.args": [reversed, "b"] },
          fields: { "process.name": "invoice\u202efdp.sh", "process.command_line": `${reversed} b` },
          context: dropped,
        },
      ];
    },
  },
  {
    title: "a shell that starts itself by /proc/self/exe",
    rule: "/proc/self/exe as the program that is executed",
    run: async (scene) => {
      const args = ["/proc/self/exe", "-c", "id; exit 0"];
      await scene.run("bash", ["-c", `${args[0]} -c 'id; exit 0'; exit 0`]);
      return [
        { of: { "process.args": args }, fields: { "process.name": "bash", "process.parent.name": "bash" } },
        { of: { "process.name": "id" }, fields: { "process.parent.args": args } },
      ];
    },
  },
  {
    title: "a command line of 60,000 characters",
    rule: "the length of a command line, and what stands at its end",
    run: async (scene) => {
      const words = Array.from({ length: 600 }, (_, count) => `${count}`.padStart(99, "x"));
      await scene.run(scene.idle("loader"), [...words, "--payload"]);
      return [
        {
          of: { "process.name": "loader" },
          fields: {
            "process.args_count": 602,
            "process.args": has("--payload"),
            "process.command_line": /x599 --payload$/,
          },
        },
      ];
    },
  },
];

describeAttacks("images that are not what they seem", attacks);
