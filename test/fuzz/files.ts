import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "../../config/load.ts";
import { MayflyError } from "../../src/errors.ts";
import { fixBootOffset } from "../../src/source/boot_clock.ts";
import { Heartbeat } from "../../src/source/heartbeat.ts";
import { CHECKOUT } from "../harness/checkout.ts";
import type { Target } from "./target.ts";

const ENVIRONMENT = { HOME: "/root", PASSWORD: "secret" };
const BOOT = "5a9f0c4e-8a51-4b8f-9a53-0d0c6f1c2b3a";

/** A configuration file: taken, or refused with a MayflyError that names the places. */
export function config(): Target {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-fuzz-"));
  const path = join(folder, "mayfly.yml");
  const annotated = readFileSync(join(CHECKOUT, "config", "mayfly.yml"), "utf8");
  // The same with its examples switched on, so that mutations reach every key.
  const samples = [annotated, annotated.replace(/^( *)# ?(?=[\w.]+:)/gm, "$1")].map((text) => Buffer.from(text));
  return {
    samples: [
      ...samples,
      Buffer.from("output:\n  elasticsearch: {hosts: [http://a:1], password: ${PASSWORD}}\nfilters: []\n"),
    ],
    feed: (bytes) => {
      writeFileSync(path, bytes);
      try {
        load(path, ENVIRONMENT);
      } catch (error) {
        if (!(error instanceof MayflyError)) throw error;
      }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What an earlier run left in the state folder: read, or told to be damaged and made anew. */
export function state(): Target {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-fuzz-"));
  const beat = {
    version: "0.1.0",
    boot_id: BOOT,
    ephemeral_id: "e",
    watermark: "2026-11-21T09:42:02.123456789Z",
    boot_clock: { seconds: 9, nanos: 1 },
    clean: false,
  };
  const samples = [beat, { boot_id: BOOT, seconds: 1_700_000_000, nanos: 5 }].map((value) =>
    Buffer.from(JSON.stringify(value)),
  );
  return {
    samples,
    feed: (bytes) => {
      for (const file of ["heartbeat.json", "boot-clock.json"]) writeFileSync(join(folder, file), bytes);
      const identity = { version: "0.1.0", bootId: BOOT, ephemeralId: "f" };
      new Heartbeat(folder, identity, () => undefined).previous();
      fixBootOffset(folder, BOOT, { seconds: 1_700_000_000, nanos: 0 });
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
