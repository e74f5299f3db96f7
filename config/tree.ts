import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { join } from "./path.ts";
import { quote } from "./problem.ts";
import { position } from "./source.ts";
import { type Environment, substitute } from "./substitute.ts";

/** Something wrong at an offset of the text. */
export interface Fault {
  readonly path: string;
  readonly offset: number;
  readonly message: string;
}

/** Where a key and its value begin, as offsets. */
export interface Place {
  readonly key: number;
  readonly value: number;
}

type Section = { [key: string]: unknown };

/** Aliases may repeat what is written, up to this many nodes: a few lines can stand for billions. */
const maxNodes = 10_000;

/**
 * A parsed document as plain values, with the place of every key: dotted keys spread out, aliases followed, variables
 * put in. A value that is null, or whose variable is missing, is undefined: the key stands there and has no value.
 */
export class Tree {
  /** Without prototype, so that a key `__proto__` is a key like any other. */
  readonly root: Section = Object.create(null) as Section;
  readonly places = new Map<string, Place>();
  readonly faults: Fault[] = [];
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #env: Environment;
  /** The collections around the one being read, to see an alias to one of them. */
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(document: Document.Parsed, text: string, env: Environment) {
    this.#document = document;
    this.#text = text;
    this.#env = env;
    const root = this.#follow(document.contents, "");
    if (isMap(root)) this.#inside(root, () => this.#section(root, []));
    else if (root !== undefined && !(isScalar(root) && root.value === null)) {
      const found = isSeq(root) ? "a list" : quote(isScalar(root) ? root.value : undefined);
      this.#fault("", offsetOf(root), `the file must hold sections such as "documents:", not ${found}`);
    }
  }

  #section(map: YAMLMap, path: readonly string[]): void {
    for (const { key, offset, value } of this.#pairs(map, path.join("."))) {
      // Beats users write `output.console.enabled: false`. No key of the schema has a dot in its name.
      const names = key.split(".");
      this.#entry([...path, ...(names.includes("") ? [key] : names)], offset, value);
    }
  }

  /** The keys of a map, each once. */
  *#pairs(map: YAMLMap, path: string): Generator<{ key: string; offset: number; value: unknown }> {
    const seen = new Map<string, number>();
    for (const pair of map.items) {
      const node = this.#follow(pair.key, path);
      if (node === undefined) continue;
      const offset = offsetOf(node);
      if (!isScalar(node)) {
        this.#fault(path, offset, "a key must be a word, not a list or a section");
        continue;
      }
      const key = String(node.value);
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, offset);
        yield { key, offset, value: pair.value };
      } else {
        const { line } = position(this.#text, first);
        this.#fault(join(path, key), offset, `the key ${quote(key)} stands twice, first on line ${line}: keep one`);
      }
    }
  }

  #entry(path: readonly string[], keyOffset: number, valueNode: unknown): void {
    const dotted = path.join(".");
    const node = this.#follow(valueNode, dotted);
    const conflict = this.#conflict(path, isMap(node));
    if (conflict !== undefined) {
      const { line } = position(this.#text, conflict.offset);
      const by = conflict.path === dotted ? "" : ` by ${quote(conflict.path)}`;
      this.#fault(dotted, keyOffset, `${dotted} is set twice, first${by} on line ${line}: keep one`);
      return;
    }
    for (let length = 1; length < path.length; length++) {
      const outer = path.slice(0, length).join(".");
      if (!this.places.has(outer)) this.places.set(outer, { key: keyOffset, value: keyOffset });
    }
    if (!this.places.has(dotted)) this.places.set(dotted, { key: keyOffset, value: node ? offsetOf(node) : keyOffset });
    if (isMap(node)) {
      this.#put(path, undefined);
      this.#inside(node, () => this.#section(node, path));
    } else this.#put(path, node === undefined ? undefined : this.#value(node, dotted));
  }

  /** A value where a section is wanted or the reverse, or a second value for one key. */
  #conflict(path: readonly string[], isSection: boolean): { path: string; offset: number } | undefined {
    let at: unknown = this.root;
    for (let length = 1; length <= path.length; length++) {
      at = (at as Section)[path[length - 1] as string];
      if (at === undefined) return undefined;
      if (!isSectionValue(at) || (length === path.length && !isSection)) {
        const taken = path.slice(0, length).join(".");
        return { path: taken, offset: this.places.get(taken)?.key ?? 0 };
      }
    }
    return undefined;
  }

  /** Sets a value, or with undefined says that the key stands there. */
  #put(path: readonly string[], value: unknown): void {
    let section = this.root;
    for (const name of path.slice(0, -1)) section = (section[name] ??= Object.create(null)) as Section;
    const last = path.at(-1) as string;
    section[last] ??= value;
  }

  /** A value that is no section of the schema: inside a list keys are taken as they are, dots and all. */
  #value(node: Node, path: string): unknown {
    if (isScalar(node)) return this.#scalar(node, path);
    let value: unknown;
    this.#inside(node, () => {
      if (isSeq(node)) value = node.items.map((item, index) => this.#item(item, `${path}.${index}`));
      else if (isMap(node)) {
        const entries = [...this.#pairs(node, path)];
        value = Object.fromEntries(entries.map((entry) => [entry.key, this.#item(entry.value, join(path, entry.key))]));
      }
    });
    return value;
  }

  #item(raw: unknown, path: string): unknown {
    const node = this.#follow(raw, path);
    if (node === undefined) return undefined;
    this.places.set(path, { key: offsetOf(node), value: offsetOf(node) });
    return this.#value(node, path);
  }

  /**
   * Variables are put into the value of a scalar, so they cannot make structure. A plain scalar is then read as YAML
   * reads the result (`${ON:true}` is a boolean); a quoted one stays text.
   */
  #scalar(node: Scalar, path: string): unknown {
    const { value } = node;
    if (value === null) return undefined;
    if (typeof value !== "string" || !value.includes("${")) return value;
    const { text, faults } = substitute(value, this.#env);
    for (const { reference, message } of faults) {
      this.#fault(path, this.#find(node, reference), `${path}: ${quote(reference)}: ${message}`);
    }
    if (faults.length > 0) return undefined;
    return node.type === "PLAIN" && node.tag === undefined ? this.#plain(text) : text;
  }

  #plain(text: string): unknown {
    for (const tag of this.#document.schema.tags) {
      if (tag.collection !== undefined || tag.default !== true || tag.test?.test(text) !== true) continue;
      const read = tag.resolve?.(text, () => undefined, { intAsBigInt: false });
      return (isScalar(read) ? read.value : read) ?? undefined;
    }
    return text;
  }

  /** Follows aliases. undefined when there is nothing to read. */
  #follow(raw: unknown, path: string): Node | undefined {
    if (raw === null || raw === undefined) return undefined;
    if (++this.#nodes > maxNodes) {
      if (this.#nodes === maxNodes + 1) {
        this.#fault(path, offsetOf(raw as Node), `the aliases stand for more than ${maxNodes} values: write fewer`);
      }
      return undefined;
    }
    const node = raw as Node;
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) {
      this.#fault(path, offsetOf(node), `there is no anchor ${quote(`&${node.source}`)} above this alias`);
    } else if (this.#open.has(target)) {
      this.#fault(path, offsetOf(node), `the alias ${quote(`*${node.source}`)} stands inside of what it refers to`);
      return undefined;
    }
    return target;
  }

  #inside(node: Node, read: () => void): void {
    this.#open.add(node);
    read();
    this.#open.delete(node);
  }

  #find(node: Scalar, reference: string): number {
    const [start = 0, end = start] = node.range ?? [];
    const within = this.#text.slice(start, end).indexOf(reference);
    return start + Math.max(within, 0);
  }

  #fault(path: string, offset: number, message: string): void {
    this.faults.push({ path, offset, message });
  }
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function isSectionValue(value: unknown): value is Section {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}
