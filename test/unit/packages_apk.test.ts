import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { PackageRoot } from "./packages.fixture.ts";

/** As apk-tools 2.14 writes it. */
const INSTALLED = `C:Q1qrVXrGMiZsd6dJGJ2kQcYBFpSTM=
P:busybox
V:1.36.1-r29
A:x86_64
S:509600
T:Size optimized toolbox of many common UNIX utilities
F:bin
R:busybox
a:0:0:755
Z:Q1vO2Oq3dNYuvdQYzXM6fmqUnYKHw=
F:etc
R:securetty
F:usr
F:usr/share
F:usr/share/udhcpc
R:default.script
a:0:0:755

P:alpine-baselayout
V:3.6.5-r0
F:
R:.rootfile
F:sbin
R:init

`;

describe("apk's database", () => {
  test("names the package of a whole path", async (t) => {
    const root = PackageRoot.make(t, { "lib/apk/db/installed": INSTALLED });
    assert.deepEqual(await root.lookup("/bin/busybox"), { name: "busybox", version: "1.36.1-r29", type: "apk" });
    assert.equal(await root.owner("/usr/share/udhcpc/default.script"), "busybox 1.36.1-r29");
    assert.equal(await root.owner("/sbin/init"), "alpine-baselayout 3.6.5-r0");
    assert.equal(await root.owner("/.rootfile"), "alpine-baselayout 3.6.5-r0");
    for (const path of ["/bin", "/busybox", "/usr/bin/busybox"]) assert.equal(await root.owner(path), undefined, path);
    assert.equal(root.databases.counters.damaged, 0);
  });

  test("is found where /usr is merged, too", async (t) => {
    const root = PackageRoot.make(t, { "usr/lib/apk/db/installed": INSTALLED, "usr/bin/busybox": "" });
    symlinkSync("usr/bin", root.at("bin"));
    assert.equal(await root.owner("/usr/bin/busybox"), "busybox 1.36.1-r29");
  });

  test("with junk in it, or cut off, yields what makes sense", async (t) => {
    const cut = `R:/orphan\n\nP:nameless\nF:bin\nR:nameless\n\njunk\n\n${INSTALLED}P:cut\nV:1\nF:bin\nR:whole\nR:hal`;
    const root = PackageRoot.make(t, { "lib/apk/db/installed": cut });
    assert.equal(await root.owner("/bin/busybox"), "busybox 1.36.1-r29");
    assert.equal(await root.owner("/bin/whole"), "cut 1");
    for (const path of ["/bin/nameless", "/orphan", "/bin/hal"]) assert.equal(await root.owner(path), undefined, path);
    assert.equal(root.databases.counters.damaged, 3);
  });
});
