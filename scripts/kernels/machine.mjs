/**
 * @typedef {object} Machine What qemu emulates.
 * @property {"amd64" | "arm64"} architecture as Debian calls it
 * @property {string} qemu
 * @property {string[]} args
 * @property {string} console the kernel's name for the first serial line
 * @property {string} results and for the second
 * @property {(file: string) => string[]} secondLine the arguments that make it end in a file
 */

/** @type {Record<"amd64" | "arm64", Machine>} */
export const MACHINES = {
  amd64: {
    architecture: "amd64",
    qemu: "qemu-system-x86_64",
    // Plain `max` has cmpxchg16b, with which Debian's 6.12 panics under emulation.
    args: ["-cpu", "max,-cx16"],
    console: "ttyS0",
    results: "/dev/ttyS1",
    secondLine: (file) => ["-serial", `file:${file}`],
  },
  arm64: {
    architecture: "arm64",
    qemu: "qemu-system-aarch64",
    args: ["-machine", "virt", "-cpu", "cortex-a57"],
    console: "ttyAMA0",
    results: "/dev/ttyS0",
    secondLine: (file) => ["-chardev", `file,id=results,path=${file}`, "-device", "pci-serial,chardev=results"],
  },
};
