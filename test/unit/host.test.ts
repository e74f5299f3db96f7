import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { agentId, agentOn } from "../../ecs/agent.ts";
import { readHost, type SystemCalls } from "../../src/enrich/host.ts";

const bootId = "5a9f0c4e-8a51-4b8f-9a53-0d0c6f1c2b3a";
const machineId = "0123456789abcdef0123456789abcdef";

const debian = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
`;

type Address = NonNullable<ReturnType<SystemCalls["networkInterfaces"]>[string]>[number];

function address(changed: Partial<Address>): Address {
  const plain = {
    address: "192.0.2.7",
    netmask: "255.255.255.0",
    cidr: null,
    mac: "00:00:5e:00:53:23",
    internal: false,
  };
  return { ...plain, family: "IPv4", ...changed } as Address;
}

const calls: SystemCalls = {
  hostname: () => "Build-7",
  machine: () => "aarch64",
  release: () => "6.1.0-28-arm64",
  networkInterfaces: () => ({
    lo: [address({ address: "127.0.0.1", mac: "00:00:00:00:00:00", internal: true })],
    eth0: [address({}), address({ address: "fe80::200:5eff:fe00:5323" })],
    tun0: [address({ address: "198.51.100.1", mac: "00:00:00:00:00:00" })],
  }),
};

/** A directory that stands for `/` and holds these files. */
function rootWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "mayfly-host-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries({ "proc/sys/kernel/random/boot_id": `${bootId}\n`, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("a host is what its files and the kernel say", (t) => {
  const root = rootWith(t, { "etc/machine-id": `${machineId}\n`, "etc/os-release": debian });
  assert.deepEqual(readHost(root, calls), {
    id: machineId,
    machineId,
    bootId,
    name: "build-7",
    hostname: "Build-7",
    architecture: "aarch64",
    ip: ["192.0.2.7", "fe80::200:5eff:fe00:5323", "198.51.100.1"],
    mac: ["00-00-5E-00-53-23"],
    os: {
      type: "linux",
      platform: "debian",
      family: "debian",
      name: "Debian GNU/Linux",
      version: "12 (bookworm)",
      full: "Debian GNU/Linux 12 (bookworm)",
      kernel: "6.1.0-28-arm64",
    },
    warning: undefined,
  });
});

for (const [what, files] of [
  ["is missing", {}],
  ["is empty", { "etc/machine-id": "" }],
  ["is not yet set", { "etc/machine-id": "uninitialized\n" }],
] as const) {
  test(`the boot-id stands in, with a warning, when the machine-id ${what}`, (t) => {
    const host = readHost(rootWith(t, files), calls);
    assert.equal(host.id, bootId);
    assert.equal(host.machineId, undefined);
    assert.match(host.warning ?? "", /no machine-id/);
  });
}

test("the machine-id of D-Bus is taken when /etc has none", (t) => {
  assert.equal(readHost(rootWith(t, { "var/lib/dbus/machine-id": machineId }), calls).id, machineId);
});

test("a host without os-release still has its type and kernel", (t) => {
  const { os } = readHost(rootWith(t, {}), calls);
  assert.deepEqual(os, {
    ...{ type: "linux", kernel: "6.1.0-28-arm64" },
    ...{ platform: undefined, family: undefined, name: undefined, version: undefined, full: undefined },
  });
});

test("quotes and escapes of os-release are taken off, the family follows from ID_LIKE", (t) => {
  const text = `# made by hand
NAME='Acme "OS"'
ID=acme
ID_LIKE="rhel fedora"
VERSION_ID=9.4
PRETTY_NAME="Acme \\"OS\\" \\$9"
ANSI_COLOR=""
`;
  const { os } = readHost(rootWith(t, { "usr/lib/os-release": text }), calls);
  assert.equal(os.name, 'Acme "OS"');
  assert.equal(os.full, 'Acme "OS" $9');
  assert.equal(os.version, "9.4");
  assert.equal(os.family, "redhat");
});

test("without a boot id no process can be named, and the error says what to mount", (t) => {
  const root = mkdtempSync(join(tmpdir(), "mayfly-host-"));
  t.after(() => rmSync(root, { recursive: true }));
  assert.throws(() => readHost(root, calls), { code: "NO_BOOT_ID", message: /mount -t proc/ });
});

test("this machine's own facts can be read", () => {
  const host = readHost();
  assert.match(host.bootId, /^[0-9a-f-]{36}$/);
  assert.equal(host.os.type, "linux");
});

test("agent.id is a UUID that follows from host.id alone", (t) => {
  const host = readHost(rootWith(t, { "etc/machine-id": machineId }), calls);
  assert.match(agentId(host.id), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(agentId(host.id), agentId(bootId));
  const ephemeralId = "9b2f7c1e-3d54-4a86-8f10-6e7d8c9b0a1f";
  assert.deepEqual(agentOn(host, "1.2.3", ephemeralId), {
    ...{ id: agentId(machineId), name: "Build-7", version: "1.2.3", ephemeralId },
  });
});
