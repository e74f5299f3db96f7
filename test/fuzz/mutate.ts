/** Numbers that follow from a seed alone (mulberry32), so that an input can be made again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `end` - 1; 0 where there is nothing to choose from. */
  below(end: number): number {
    return end <= 1 ? 0 : this.u32() % end;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** Bound of an input: a record of the largest class fits, and a run of five minutes does not become one of large copies. */
const INPUT_MAX = 1024 * 1024;
/** A chunk that is moved, repeated or taken out. */
const CHUNK_MAX = 4096;
const REPEATS_MAX = 64;

/** What lengths, counts, flags and times break at. */
const WORDS = [
  0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x10000, 999_999_999, 1e9, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
];
const TEXTS = [
  "",
  "0",
  "-1",
  "18446744073709551616",
  "1e400",
  "NaN",
  " ",
  "\t",
  "\n",
  ":",
  ")",
  "\0",
  "\ufffd",
  "null",
  "{}",
  "[]",
];

type Mutation = (bytes: Buffer, other: Buffer, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  function bitFlip(bytes, _other, random) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  function byte(bytes, _other, random) {
    bytes[random.below(bytes.length)] = random.u32();
    return bytes;
  },
  /** Sizes and kinds are words at a multiple of 4. */
  function word(bytes, _other, random) {
    if (bytes.length < 4) return bytes;
    const at = random.below(bytes.length >>> 2) * 4;
    const near = [bytes.readUInt32LE(at) + 8, bytes.readUInt32LE(at) - 8, bytes.length - at, random.u32()];
    bytes.writeUInt32LE(random.pick([...WORDS, ...near]) >>> 0, at);
    return bytes;
  },
  function truncation(bytes, _other, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
  function removal(bytes, _other, random) {
    const [from, to] = chunk(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repetition(bytes, _other, random) {
    const [from, to] = chunk(bytes, random);
    const repeated = Array<Buffer>(1 + random.below(REPEATS_MAX)).fill(bytes.subarray(from, to));
    return Buffer.concat([bytes.subarray(0, to), ...repeated, bytes.subarray(to)]);
  },
  function splice(bytes, other, random) {
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
  },
  function insertion(bytes, other, random) {
    const at = random.below(bytes.length);
    const [from, to] = chunk(other, random);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at)]);
  },
  function text(bytes, _other, random) {
    const [from] = chunk(bytes, random);
    const put = Buffer.from(random.pick(TEXTS));
    return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + random.below(12))]);
  },
  function swap(bytes, _other, random) {
    const [from, to] = chunk(bytes, random);
    const middle = from + random.below(to - from);
    const parts = [
      bytes.subarray(0, from),
      bytes.subarray(middle, to),
      bytes.subarray(from, middle),
      bytes.subarray(to),
    ];
    return Buffer.concat(parts);
  },
];

/** From and to; mostly at multiples of 8, where records begin. */
function chunk(bytes: Buffer, random: Random): [number, number] {
  const step = random.pick([1, 4, 8, 8]);
  const from = random.below(Math.ceil(bytes.length / step)) * step;
  const length = (1 + random.below(CHUNK_MAX / step)) * step;
  return [from, Math.min(bytes.length, from + length)];
}

/** One of the samples after one to eight mutations. The samples stay as they are. */
export function mutate(samples: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(random.pick(samples));
  for (let left = 1 + random.below(random.pick([2, 8])); left > 0; left--) {
    bytes = Buffer.from(random.pick(mutations)(bytes, random.pick(samples), random).subarray(0, INPUT_MAX));
  }
  return bytes;
}
