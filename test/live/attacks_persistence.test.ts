import type { Attack } from "../harness/attack/attack.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { absent, has } from "../harness/attack/field.ts";
import { leads } from "../harness/attack/leader.ts";
import { untilItRuns } from "../harness/attack/scene.ts";
import { programPath } from "../harness/checkout.ts";

/* To stay, and not to be seen: foreign code in other programs, jobs, history and logs, what watches the host. */

const loadedWords = "somebody else's code was loaded";

/** A program that loads an object because a variable of the dynamic linker says so. */
function injected(variable: string): Attack {
  return {
    title: `a shared object loaded by ${variable}`,
    rule: "a variable of the dynamic linker in the environment, or in the arguments of who sets it",
    run: async (scene) => {
      const library = scene.copy(programPath("preloaded"), "libselinux.so.8");
      const value = `${variable}=${library}`;
      const { stderr } = await scene.run("env", [value, "sleep", "0.01"]);
      if (!stderr.includes(loadedWords)) throw new Error(`it was not loaded: ${stderr}`);
      return [
        {
          of: { "process.name": "env" },
          fields: { "process.args": ["env", value, "sleep", "0.01"] },
        },
        {
          of: { "process.name": "sleep" },
          fields: { "process.args": ["sleep", "0.01"], "process.executable": /^(\/usr)?\/bin\/sleep$/ },
          context: { "process.env_vars": has(value), "process.previous.args": has(value) },
        },
      ];
    },
  };
}

/** A program of that name, with arguments as rules look for them. */
function named(title: string, rule: string, name: string, args: readonly string[]): Attack {
  return {
    title,
    rule,
    run: async (scene) => {
      const path = scene.idle(name);
      await scene.shell(`PATH=${scene.folder}:$PATH; ${[name, ...args].join(" ")}`);
      return [
        {
          of: { "process.name": name },
          fields: {
            "process.args": [name, ...args],
            "process.command_line": [name, ...args].join(" "),
            "process.executable": path,
            "process.parent.name": /sh$/,
            "process.parent.executable": /^(\/usr)?\/bin\/\w*sh$/,
            "user.id": "0",
          },
          end: { "process.exit_code": 0 },
        },
      ];
    },
  };
}

const attacks: readonly Attack[] = [
  injected("LD_PRELOAD"),
  injected("LD_AUDIT"),
  {
    title: "libraries searched first in a folder of one's own",
    rule: "LD_LIBRARY_PATH that points where anybody may write",
    run: async (scene) => {
      await scene.shell(`export LD_LIBRARY_PATH=${scene.folder}; sleep 0.01`);
      return [
        {
          of: { "process.name": "sleep" },
          fields: { "process.parent.command_line": /export LD_LIBRARY_PATH=/ },
          context: { "process.env_vars": has(`LD_LIBRARY_PATH=${scene.folder}`) },
        },
      ];
    },
  },
  {
    title: "a shell whose history goes nowhere",
    rule: "history that is removed, linked to /dev/null or switched off",
    run: async (scene) => {
      const history = scene.write(".bash_history", "id\n");
      const script =
        "unset HISTFILE; history -c; rm -f ~/.bash_history; ln -sf /dev/null ~/.bash_history; truncate -s 0 .log";
      await scene.run("bash", ["-c", `${script}; HISTFILE=/dev/null bash --norc -c 'id; exit 0'`]);
      const parent = { "process.parent.name": "bash", "process.parent.command_line": /unset HISTFILE; history -c/ };
      return [
        {
          of: { "process.name": "bash", "process.args": /history -c/ },
          fields: { "process.args_count": 3, "process.command_line": /HISTFILE=\/dev\/null/ },
        },
        { of: { "process.name": "rm" }, fields: { "process.args": ["rm", "-f", history], ...parent } },
        { of: { "process.name": "ln" }, fields: { "process.args": ["ln", "-sf", "/dev/null", history], ...parent } },
        { of: { "process.name": "truncate" }, fields: { "process.args": ["truncate", "-s", "0", ".log"], ...parent } },
      ];
    },
  },
  {
    title: "a job that cron runs",
    rule: "an unusual child of cron",
    run: async (scene) => {
      const cron = scene.copy("/bin/sh", "cron");
      const job = scene.write("etc/cron.d/refresh", "#!/bin/sh\nid > job.out\nexit 0\n");
      await scene.run(cron, ["-c", `/bin/sh -c ${job}\nexit 0`]);
      return [
        {
          of: { "process.args": ["/bin/sh", "-c", job] },
          fields: { "process.parent.name": "cron", "process.parent.executable": cron, "process.interactive": false },
          context: { "process.session_leader.name": "cron" },
        },
        {
          of: { "process.args": ["/bin/sh", job] },
          fields: { "mayfly.script.path": job, "process.name": /sh$/ },
        },
        { of: { "process.name": "id" }, fields: { "process.parent.args": ["/bin/sh", job] } },
      ];
    },
  },
  named("a crontab from standard input", "crontab with a file, by a shell", "crontab", ["-u", "root", "-"]),
  named("a job for later", "at, by a shell", "at", ["-f", "./job", "now", "+", "1", "minute"]),
  named("a service that is enabled", "systemctl enable, by a shell", "systemctl", ["enable", "updater.service"]),
  named("the audit daemon stopped", "systemctl stop of what watches", "systemctl", ["stop", "auditd"]),
  named("the firewall emptied", "iptables -F", "iptables", ["-F"]),
  named("a kernel module loaded", "insmod of a file", "insmod", ["./rootkit.ko"]),
  named("a user with the number 0", "useradd with -o -u 0", "useradd", ["-o", "-u", "0", "backup2"]),
  {
    title: "a security tool killed",
    rule: "kill -9, and the end of a process that is not to end",
    needs: ["/bin/kill"],
    run: async (scene) => {
      const tool = scene.copy("/bin/sleep", "auditbeat");
      await scene.shell(`'${tool}' 60 & ${untilItRuns("auditbeat")}; /bin/kill -9 $!; wait $!; exit 0`);
      return [
        { of: { "process.name": "kill" }, fields: { "process.args": has("/bin/kill", "-9"), "process.args_count": 3 } },
        {
          of: { "process.name": "auditbeat" },
          fields: { "process.args": [tool, "60"] },
          end: { "process.exit_code": 137, "mayfly.exit.signal": "SIGKILL", "event.type": has("end") },
        },
      ];
    },
  },
  {
    title: "a program left behind with nohup",
    rule: "nohup in the background, from a shell that has ended",
    needs: ["nohup"],
    run: async (scene) => {
      scene.copy("/bin/sleep", "keeper");
      const script = "nohup ./keeper 0.05 > /dev/null & disown; exit 0";
      await scene.run("bash", ["-c", script]);
      return [
        { of: { "process.name": "nohup" }, fields: { "process.args": ["nohup", "./keeper", "0.05"] } },
        {
          of: { "process.name": "keeper" },
          fields: { "process.args": ["./keeper", "0.05"], "process.parent.name": "bash" },
          context: { "process.previous.args": ["nohup", "./keeper", "0.05"] },
        },
      ];
    },
  },
  {
    title: "a daemon that leaves its session",
    rule: "setsid, and a session whose leader is no shell of a terminal",
    needs: ["setsid"],
    run: async (scene) => {
      const args = ["sh", "-c", "id; exit 0"];
      await scene.run("setsid", ["-w", "-f", ...args]);
      return [
        { of: { "process.name": "setsid" }, fields: { "process.args": ["setsid", "-w", "-f", ...args] } },
        {
          of: { "process.args": args },
          fields: { "process.parent.name": "setsid", "process.interactive": false, "process.tty": absent },
          context: { ...leads("session", "group"), "process.session_leader.args": args },
        },
      ];
    },
  },
  {
    title: "times of a file set back, and the file made immutable",
    rule: "touch -r or -t; chattr +i",
    needs: ["touch", "chattr"],
    run: async (scene) => {
      scene.write("implant", "");
      await scene.shell(
        "touch -r /bin/sh ./implant; touch -t 202001010000 ./implant; chattr +i ./implant; chattr -i ./implant; true",
      );
      return [
        { of: { "process.args": has("-r", "/bin/sh") }, fields: { "process.name": "touch" } },
        { of: { "process.args": has("-t") }, fields: { "process.name": "touch", "process.args": has("202001010000") } },
        { of: { "process.args": has("+i") }, fields: { "process.args": ["chattr", "+i", "./implant"] } },
      ];
    },
  },
  {
    title: "logs overwritten",
    rule: "dd or shred of a log, and rm of its folder",
    needs: ["dd", "shred"],
    run: async (scene) => {
      const log = scene.write("log/auth.log", "session opened\n");
      await scene.shell(`dd if=/dev/zero of=${log} bs=1 count=8 status=none; shred -u ${log}; rm -rf ./log`);
      return [
        { of: { "process.name": "dd" }, fields: { "process.args": has("if=/dev/zero", `of=${log}`) } },
        { of: { "process.name": "shred" }, fields: { "process.args": ["shred", "-u", log] } },
        {
          of: { "process.name": "rm" },
          fields: { "process.args": ["rm", "-rf", "./log"] },
          end: { "process.exit_code": 0 },
        },
      ];
    },
  },
];

describeAttacks("staying, and not being seen", attacks);
