import type { ChildProcess } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { programPath } from "../checkout.ts";
import { command, type Ended } from "../command.ts";

export interface RunOptions {
  /** Exit code that says that it worked. Default 0: a sequence that did not happen must not look like one that did. */
  readonly code?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly meanwhile?: (child: ChildProcess) => Promise<void> | void;
}

/** Words of a shell that wait until the last background job has become the program of that name (at most 15 characters). */
export function untilItRuns(name: string): string {
  return `until read -r image < /proc/$!/comm && test "$image" = ${name}; do :; done`;
}

/**
 * Where one attack-like sequence happens: a temporary folder, which is home and working directory of all it runs, and servers
 * on 127.0.0.1. What it starts is the leader of a session of its own.
 */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), "mayfly-attack-"));
  /** Pids of what `run` started. */
  readonly started = new Set<number>();
  readonly folders = [this.folder];
  readonly #servers: Server[] = [];

  constructor() {
    chmodSync(this.folder, 0o755);
  }

  /** Runs a program to its end. */
  async run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const { code = 0, env = {}, meanwhile } = options;
    const ended = await command(file, args, {
      spawn: { cwd: this.folder, detached: true, env: { ...process.env, HOME: this.folder, LC_ALL: "C", ...env } },
      meanwhile: (child) => {
        if (child.pid !== undefined) this.started.add(child.pid);
        return meanwhile?.(child);
      },
    });
    if (ended.code !== code) {
      throw new Error(`${file} ${args.join(" ")}: ${ended.code ?? ended.signal} ${ended.stdout} ${ended.stderr}`);
    }
    return ended;
  }

  /** `sh -c SCRIPT`. It ends with its last command's status, and never becomes that command itself. */
  shell(script: string, options?: RunOptions): Promise<Ended> {
    return this.run("sh", ["-c", `${script}\nexit $?`], options);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** An executable file with that content. Its folder is made where there is none. */
  write(name: string, content: string): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o755 });
    return path;
  }

  /** A copy of an executable under another name. */
  copy(from: string, name: string): string {
    const path = this.write(name, "");
    copyFileSync(from, path);
    chmodSync(path, 0o755);
    return path;
  }

  /** A program of that name that does nothing, whatever its arguments. */
  idle(name: string): string {
    return this.copy(programPath("tiny"), name);
  }

  /** Another folder, removed with this one. */
  folderIn(parent: string): string {
    const folder = mkdtempSync(join(parent, "mayfly-attack-"));
    this.folders.push(folder);
    return folder;
  }

  /** A port of 127.0.0.1 that sends the text to whoever connects. */
  async listen(text: string): Promise<number> {
    const server = createServer((socket) => {
      // The other side may end without a word.
      socket.on("error", () => undefined);
      socket.end(text);
      socket.resume();
    });
    return this.#serve(server);
  }

  /** An HTTP server on 127.0.0.1, or on a socket of that path, that answers everything with the text. */
  async serve(text: string, socket?: string): Promise<number> {
    const server = createHttpServer((request, response) => {
      request.resume().on("end", () => response.setHeader("connection", "close").end(text));
    });
    return this.#serve(server, socket);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }

  async #serve(server: Server, socket?: string): Promise<number> {
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      if (socket === undefined) server.listen(0, "127.0.0.1", resolve);
      else server.listen(socket, resolve);
    });
    return socket === undefined ? (server.address() as AddressInfo).port : 0;
  }
}
