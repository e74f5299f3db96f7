import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { dpkgFiles, PackageRoot } from "./packages.fixture.ts";

const STATUS = "var/lib/dpkg/status";

describe("dpkg's database", () => {
  test("names the package of a whole path, never of a basename or a directory", async (t) => {
    const files = dpkgFiles({
      "coreutils 9.1-1": ["/.", "/usr", "/usr/bin", "/usr/bin/ls"],
      "less 590-2": ["/usr/bin/less"],
    });
    const root = PackageRoot.make(t, files);
    assert.deepEqual(await root.lookup("/usr/bin/ls"), { name: "coreutils", version: "9.1-1", type: "deb" });
    assert.equal(await root.owner("/usr/bin/less"), "less 590-2");
    for (const path of ["/usr/bin", "/ls", "ls", "/usr/local/bin/ls", "/usr/bin/ls2", "/usr/bin/l", "", "/"]) {
      assert.equal(await root.owner(path), undefined, path);
    }
    assert.equal(root.databases.counters.found, 2);
    assert.equal(root.databases.counters.reads, 1);
  });

  test("has files of multi-arch packages in lists of their architecture", async (t) => {
    const stanza = (name: string, arch: string, same: boolean): string =>
      `Package: ${name}\nStatus: install ok installed\n${same ? "Multi-Arch: same\n" : ""}Architecture: ${arch}\nVersion: 2\n\n`;
    const root = PackageRoot.make(t, {
      [STATUS]: stanza("libc6", "amd64", true) + stanza("libc6", "i386", true) + stanza("wine", "i386", false),
      "var/lib/dpkg/info/libc6:amd64.list": "/usr/lib/x86_64-linux-gnu/libc.so.6\n/usr/share/doc/libc6/copyright\n",
      "var/lib/dpkg/info/libc6:i386.list": "/usr/lib/i386-linux-gnu/libc.so.6\n/usr/share/doc/libc6/copyright\n",
      "var/lib/dpkg/info/wine.list": "/usr/bin/wine\n",
    });
    assert.equal(await root.owner("/usr/lib/i386-linux-gnu/libc.so.6"), "libc6 2");
    assert.equal(await root.owner("/usr/lib/x86_64-linux-gnu/libc.so.6"), "libc6 2");
    assert.equal(await root.owner("/usr/share/doc/libc6/copyright"), "libc6 2", "both builds own it, and are the same");
    assert.equal(await root.owner("/usr/bin/wine"), "wine 2");
  });

  test("knows a file by the real directory where /usr is merged, by the links of that root", async (t) => {
    const root = PackageRoot.make(
      t,
      dpkgFiles({ "coreutils 9": ["/bin/ls"], "kmod 30": ["/sbin/modprobe"], "old 1": ["/lib64/old"] }),
    );
    mkdirSync(root.at("usr/bin"), { recursive: true });
    symlinkSync("usr/bin", root.at("bin"));
    symlinkSync("/usr/sbin", root.at("sbin"));
    symlinkSync("bin", root.at("usr/sbin"));
    assert.equal(await root.owner("/usr/bin/ls"), "coreutils 9");
    assert.equal(await root.owner("/usr/bin/modprobe"), "kmod 30", "over two links");
    assert.equal(await root.owner("/usr/lib64/old"), undefined, "no such link in this root, whatever ours has");
    mkdirSync(root.at("usr/lib64"));
    symlinkSync("usr/lib64", root.at("lib64"));
    root.later();
    assert.equal(await root.owner("/usr/lib64/old"), "old 1", "a new link is seen");
    assert.equal(root.databases.counters.reads, 1, "and the databases are not read again for it");
  });

  test("follows diversions: others' files are where they were diverted to", async (t) => {
    const root = PackageRoot.make(t, {
      ...dpkgFiles({
        "dash 1": ["/bin/sh"],
        "perf 6": ["/usr/bin/perf"],
        "base 6": ["/usr/bin/perf"],
        "vim 9": ["/usr/bin/vi"],
      }),
      "var/lib/dpkg/diversions": "/usr/bin/perf\n/usr/bin/perf.wrapper\nperf\n/usr/bin/vi\n/usr/bin/vi.real\n:\n",
    });
    assert.equal(await root.owner("/usr/bin/perf"), "perf 6");
    assert.equal(await root.owner("/usr/bin/perf.wrapper"), "base 6");
    assert.equal(await root.owner("/usr/bin/vi.real"), "vim 9");
    assert.equal(await root.owner("/usr/bin/vi"), undefined, "what the administrator put there");
  });

  test("names none where two packages claim a path", async (t) => {
    const root = PackageRoot.make(t, dpkgFiles({ "one 1": ["/usr/bin/x"], "two 1": ["/usr/bin/x"] }));
    assert.equal(await root.owner("/usr/bin/x"), undefined);
    assert.equal(root.databases.counters.ambiguous, 1);
  });

  test("counts only packages whose files are there in their version", async (t) => {
    const states = ["installed", "unpacked", "half-configured", "half-installed", "config-files", "not-installed"];
    const root = PackageRoot.make(t, {
      [STATUS]: states.map((state) => `Package: ${state}\nStatus: install ok ${state}\nVersion: 1\n\n`).join(""),
      ...Object.fromEntries(states.map((state) => [`var/lib/dpkg/info/${state}.list`, `/bin/${state}\n`])),
    });
    const owners = await Promise.all(states.map((state) => root.owner(`/bin/${state}`)));
    assert.deepEqual(owners, ["installed 1", "unpacked 1", "half-configured 1", undefined, undefined, undefined]);
  });

  test("includes what a running dpkg has noted and not merged yet", async (t) => {
    const root = PackageRoot.make(t, {
      ...dpkgFiles({ "up 1": ["/bin/up"], "gone 1": ["/bin/gone"] }),
      "var/lib/dpkg/updates/0001": "Package: up\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 3\n",
      "var/lib/dpkg/updates/0000": "Package: up\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 2\n",
      "var/lib/dpkg/updates/0002": "Package: gone\nStatus: deinstall ok not-installed\nArchitecture: amd64\n",
      "var/lib/dpkg/updates/tmp.i": "Package: up\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 4\n",
    });
    assert.equal(await root.owner("/bin/up"), "up 3");
    assert.equal(await root.owner("/bin/gone"), undefined);
  });

  test("of distroless images lies in status.d", async (t) => {
    const root = PackageRoot.make(t, {
      "var/lib/dpkg/status.d/libssl3": "Package: libssl3\nArchitecture: amd64\nVersion: 3.0.15-1\n",
      "var/lib/dpkg/status.d/libssl3.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/bin/openssl\njunk\n",
      "var/lib/dpkg/status.d/nosums": "Package: nosums\nVersion: 1\n",
    });
    assert.deepEqual(await root.lookup("/usr/bin/openssl"), { name: "libssl3", version: "3.0.15-1", type: "deb" });
    assert.equal(root.databases.counters.damaged, 1);
  });

  test("with junk in it yields what makes sense, and counts the rest", async (t) => {
    const root = PackageRoot.make(t, dpkgFiles({ "good 1": ["/bin/good", "relative", "", "/bin/last"] }));
    const junk =
      "Package: ../../etc\nVersion: 1\n\n\0\xff\n\nVersion: 1\n\nPackage: spaced\nStatus: install ok installed\nVersion: a b\n\n";
    root.write(STATUS, `${junk}Package: good\nStatus: install ok installed\nVersion: 1\n`);
    root.write("var/lib/dpkg/diversions", "/bin/good\n/elsewhere\n");
    writeFileSync(root.at("var/lib/dpkg/info/good.list"), "/bin/good\nrelative\n\n/bin/cut-off-he");
    assert.equal(await root.owner("/bin/good"), "good 1");
    assert.equal(await root.owner("/bin/cut-off-he"), undefined, "a line without its end may be half a path");
    assert.equal(await root.owner("relative"), undefined);
    assert.equal(root.databases.counters.damaged, 5);
  });

  test("is read again when it has changed, at most once a second", async (t) => {
    const root = PackageRoot.make(t, dpkgFiles({ "tool 1": ["/bin/tool"] }));
    assert.equal(await root.owner("/bin/tool"), "tool 1");
    root.write("new-status", "Package: tool\nStatus: install ok installed\nVersion: 2\n");
    renameSync(root.at("new-status"), root.at(STATUS));
    assert.equal(await root.owner("/bin/tool"), "tool 1");
    root.later(999);
    assert.equal(await root.owner("/bin/tool"), "tool 1");
    root.later(1);
    assert.equal(await root.owner("/bin/tool"), "tool 2");
    root.write("new-list", "/bin/renamed\n");
    renameSync(root.at("new-list"), root.at("var/lib/dpkg/info/tool.list"));
    root.later();
    assert.equal(await root.owner("/bin/tool"), undefined);
    assert.equal(await root.owner("/bin/renamed"), "tool 2");
    root.later();
    await root.owner("/bin/renamed");
    assert.equal(root.databases.counters.reads, 3, "and not again when it has not");
  });
});
