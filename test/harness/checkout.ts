import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's top folder. Tests run from dist/test/..., three levels below it. */
export const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** The command as users call it. */
export const MAYFLY = join(CHECKOUT, "bin", "mayfly.mjs");

/** Where the build leaves the addon: one of these. */
export const ADDONS = ["build/Release/mayfly.node", "build/mayfly.node"].map((file) => join(CHECKOUT, file));

/** Sources of the truth programs: their opening comments hold what is expected of them. */
export const PROGRAM_SOURCES = join(CHECKOUT, "test", "programs");

/** The path of a compiled truth program. */
export function programPath(name: string): string {
  return join(CHECKOUT, "dist", "test", "programs", name);
}
