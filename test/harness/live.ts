import { existsSync } from "node:fs";
import { ADDONS } from "./checkout.ts";

/**
 * For `describe` and `test` of what needs the real kernel: `test("...", live, ...)` skips with a printed reason where
 * the machine cannot run it. With MAYFLY_REQUIRE_LIVE=1 (CI) it fails there instead: nothing may be left out unseen.
 */
export const live: { readonly skip: string | false } = { skip: missing() ?? false };

/** Whether a life can be shorter than 5 ms: the fork of a Node with sanitizers (scripts/sanitizers.mjs) takes longer. */
export const hasShortLives = process.env["ASAN_OPTIONS"] === undefined;

function missing(): string | undefined {
  const reason = whatIsMissing();
  if (reason !== undefined && process.env["MAYFLY_REQUIRE_LIVE"] === "1") {
    throw new Error(`MAYFLY_REQUIRE_LIVE=1, but live tests cannot run here: ${reason}`);
  }
  return reason;
}

function whatIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root to load BPF programs";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "needs a kernel with BTF (/sys/kernel/btf/vmlinux)";
  if (!ADDONS.some(existsSync)) return `needs the built addon (${ADDONS[0]}): npm run build`;
  return undefined;
}
