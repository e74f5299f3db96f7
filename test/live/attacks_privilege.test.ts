import { chmodSync, chownSync } from "node:fs";
import type { Attack } from "../harness/attack/attack.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { absent, Check, has } from "../harness/attack/field.ts";
import { leads, ledByParent } from "../harness/attack/leader.ts";
import type { Scene } from "../harness/attack/scene.ts";
import { programPath } from "../harness/checkout.ts";

/* From one user to another, and out of what a user is confined to. */

/** What nobody runs. */
function asNobody(scene: Scene, file: string, ...args: readonly string[]) {
  return scene.run("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", file, ...args]);
}

/** The arguments of the program, or those of the command that it became itself. */
function startedBy(args: readonly string[]): Check {
  const wanted = [args.join(" "), "id -ru"];
  return new Check(wanted.join(" or "), (value) => Array.isArray(value) && wanted.includes(value.join(" ")));
}

/** A program that starts a shell's command where only the program was to be allowed. */
function breakout(program: string, args: readonly string[], name: RegExp): Attack {
  return {
    title: `a shell out of ${program}`,
    rule: "a shell whose parent, or whose own process, is a tool that can start programs",
    needs: [program],
    run: async (scene) => {
      await scene.run(program, args);
      return [
        { of: { "process.name": name }, fields: { "process.args": [program, ...args] } },
        {
          of: { "process.name": "id" },
          fields: { "process.command_line": "id -ru", "user.id": "0", "process.working_directory": scene.folder },
          context: { "process.session_leader.args": startedBy([program, ...args]) },
        },
      ];
    },
  };
}

const attacks: readonly Attack[] = [
  {
    title: "a setuid copy of a shell, run by somebody else",
    rule: "chmod u+s; then an effective user 0 whose real one is another",
    needs: ["setpriv"],
    run: async (scene) => {
      await scene.shell("cp /bin/sh ./rootsh && chmod u+s ./rootsh");
      await asNobody(scene, "./rootsh", "-p", "-c", "id -ru; exit 0");
      const ids = {
        "user.id": "0",
        "process.real_user.id": "65534",
        "process.saved_user.id": "0",
        "group.id": "65534",
      };
      return [
        { of: { "process.name": "chmod" }, fields: { "process.args": ["chmod", "u+s", "./rootsh"], "user.id": "0" } },
        { of: { "process.name": "setpriv" }, fields: { "process.args": has("--reuid", "65534") } },
        {
          of: { "process.name": "rootsh" },
          fields: { ...ids, "process.executable": scene.path("rootsh"), "process.args": has("-p") },
          context: {
            "user.Ext.real.id": "65534",
            "user.Ext.real.name": "nobody",
            "process.previous.args": has("setpriv"),
          },
        },
        {
          of: { "process.name": "id" },
          fields: {
            ...ids,
            "process.saved_user.id": "0",
            "process.parent.name": "rootsh",
            "process.parent.args": ["./rootsh", "-p", "-c", "id -ru; exit 0"],
          },
          context: { "process.parent.user.id": "0", "process.parent.real_user.id": "65534" },
        },
      ];
    },
  },
  {
    title: "a setgid file, run by somebody else",
    rule: "an effective group 0 whose real one is another",
    needs: ["setpriv"],
    run: async (scene) => {
      await scene.shell("cp /bin/sleep ./shadowed && chmod 2755 ./shadowed");
      await asNobody(scene, "./shadowed", "0.01");
      return [
        { of: { "process.name": "chmod" }, fields: { "process.args": has("2755") } },
        {
          of: { "process.name": "shadowed" },
          fields: {
            "group.id": "0",
            "process.real_group.id": "65534",
            "process.saved_group.id": "0",
            "user.id": "65534",
          },
          context: { "group.Ext.real.id": "65534" },
        },
      ];
    },
  },
  {
    title: "sudo that runs a shell",
    rule: "a child of sudo, as root, on a terminal",
    needs: ["setpriv"],
    run: async (scene) => {
      const sudo = scene.copy(programPath("sudo_like"), "sudo");
      chmodSync(sudo, 0o4755);
      const shell = ["sh", "-c", "id; exit 0"];
      await asNobody(scene, sudo, ...shell);
      const root = { "user.id": "0", "process.interactive": true, "process.tty.char_device.major": 136 };
      return [
        {
          of: { "process.name": "sudo" },
          fields: {
            "process.args": [sudo, ...shell],
            "user.id": "0",
            "process.real_user.id": "65534",
            "process.interactive": false,
          },
          context: { "user.Ext.real.id": "65534", "process.real_user.name": "nobody" },
        },
        {
          of: { "process.args": shell },
          fields: {
            ...root,
            "process.real_user.id": "0",
            "process.parent.name": "sudo",
            "process.parent.executable": sudo,
            "process.parent.args": [sudo, ...shell],
          },
          context: { ...leads("session", "group"), "process.parent.real_user.id": "65534" },
        },
        {
          of: { "process.name": "id" },
          fields: { ...root, "process.parent.args": shell },
          context: { ...ledByParent("session", "group"), "process.session_leader.user.id": "0" },
        },
      ];
    },
  },
  {
    title: "su to another user",
    rule: "su, and the shell that it starts as somebody else",
    needs: ["su"],
    run: async (scene) => {
      await scene.run("su", ["-s", "/bin/sh", "nobody", "-c", "id; exit 0"]);
      return [
        { of: { "process.name": "su" }, fields: { "process.args": has("nobody", "-c"), "user.id": "0" } },
        {
          of: { "process.parent.name": "su" },
          fields: { "process.args": has("-c", "id; exit 0"), "user.id": "65534", "process.real_user.id": "65534" },
          context: { ...leads("session", "group"), "process.parent.user.id": "0", "user.name": "nobody" },
        },
        {
          of: { "process.name": "id" },
          fields: { "user.id": "65534", "group.id": "65534" },
          context: ledByParent("session", "group"),
        },
      ];
    },
  },
  {
    title: "a file with a capability",
    rule: "setcap; then a user other than 0 with a capability of root's",
    needs: ["setcap", "setpriv"],
    run: async (scene) => {
      await scene.shell("cp /bin/sleep ./sniffer && setcap cap_net_raw+ep ./sniffer");
      await asNobody(scene, "./sniffer", "0.01");
      return [
        { of: { "process.name": "setcap" }, fields: { "process.args": ["setcap", "cap_net_raw+ep", "./sniffer"] } },
        {
          of: { "process.name": "sniffer" },
          fields: {
            "user.id": "65534",
            "process.thread.capabilities.effective": ["CAP_NET_RAW"],
            "process.thread.capabilities.permitted": ["CAP_NET_RAW"],
          },
        },
      ];
    },
  },
  {
    title: "root in a user namespace of one's own",
    rule: "unshare by a user who is not root",
    needs: ["unshare", "setpriv"],
    run: async (scene) => {
      await asNobody(scene, "unshare", "-Ur", "sh", "-c", "id; exit 0");
      return [
        {
          of: { "process.name": "unshare" },
          fields: { "process.args": ["unshare", "-Ur", "sh", "-c", "id; exit 0"], "user.id": "65534" },
          context: { "user.name": "nobody" },
        },
        // Ids are those of the initial namespace: it is no root there.
        { of: { "process.args": ["sh", "-c", "id; exit 0"] }, fields: { "user.id": "65534", "group.id": "65534" } },
        { of: { "process.name": "id" }, fields: { "user.id": "65534", "process.parent.args": has("-c") } },
      ];
    },
  },
  {
    title: "find with a shell in -exec",
    rule: "a shell whose parent is find",
    needs: ["find"],
    run: async (scene) => {
      const args = ["find", ".", "-maxdepth", "0", "-exec", "sh", "-p", "-c", "id; exit 0", ";"];
      await scene.run("find", args.slice(1));
      return [
        {
          of: { "process.args": ["sh", "-p", "-c", "id; exit 0"] },
          fields: {
            "process.parent.name": "find",
            "process.parent.args": args,
            "process.parent.args_count": args.length,
          },
        },
      ];
    },
  },
  breakout("awk", ['BEGIN {system("id -ru")}'], /awk$/),
  breakout("perl", ["-e", 'exec "id", "-ru"'], /^perl$/),
  breakout("vim", ["-es", "-u", "NONE", "-c", ":!id -ru", "-c", ":q!"], /^vim/),
  breakout("sed", ["-n", "1e id -ru", "/etc/hostname"], /^sed$/),
  breakout("tar", ["-cf", "/dev/null", "--checkpoint=1", "--checkpoint-action=exec=id -ru", "/etc/hostname"], /^tar$/),
  breakout("env", ["id", "-ru"], /^env$/),
  {
    title: "files that anybody may read, searched for passwords and setuid bits",
    rule: "find -perm, grep for secrets, and password files read by a tool",
    needs: ["find", "grep", "setpriv"],
    run: async (scene) => {
      const shadow = scene.write("etc/shadow", "root:*:1:::::\n");
      chownSync(shadow, 65534, 65534);
      await asNobody(scene, "sh", "-c", "find . -perm -4000; grep -ril key ./etc; cat ./etc/shadow; exit 0");
      const nobody = { "user.id": "65534", "process.parent.command_line": /find \. -perm -4000/ };
      return [
        { of: { "process.name": "find" }, fields: { "process.args": ["find", ".", "-perm", "-4000"], ...nobody } },
        {
          of: { "process.name": "grep" },
          fields: { "process.args": has("-ril"), ...nobody },
          end: { "process.exit_code": 1 },
        },
        {
          of: { "process.name": "cat" },
          fields: { "process.args": ["cat", "./etc/shadow"], "process.tty": absent, ...nobody },
          end: { "process.exit_code": 0, "mayfly.exit": absent },
        },
      ];
    },
  },
];

describeAttacks("from one user to another", attacks);
