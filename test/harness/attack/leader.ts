import { type Expectation, type Fields, sameAs, someNumber, someText } from "./field.ts";

type Kind = "session" | "group" | "entry";

/** The process is the leader itself. */
export function leads(...kinds: readonly Kind[]): Fields {
  return all(
    kinds,
    { pid: "process.pid", entity_id: "process.entity_id", start: "process.start", name: "process.name" },
    { same_as_process: true },
  );
}

/** The parent is the leader. */
export function ledByParent(...kinds: readonly Kind[]): Fields {
  const same = {
    pid: "parent.pid",
    entity_id: "parent.entity_id",
    start: "parent.start",
  };
  const ofParent = Object.fromEntries(Object.entries(same).map(([name, field]) => [name, `process.${field}`]));
  return all(kinds, ofParent, { same_as_process: false });
}

/** A process that is not the one which the scene started, with these fields. */
export function ledBy(kind: Kind, fields: Fields): Fields {
  const one = { pid: someNumber, entity_id: someText, start: someText, same_as_process: false, ...fields };
  return all([kind], {}, one);
}

function all(kinds: readonly Kind[], same: Readonly<Record<string, string>>, fields: Fields): Fields {
  const members: [string, Expectation][] = [
    ...Object.entries(same).map(([name, field]): [string, Expectation] => [name, sameAs(field)]),
    ...Object.entries(fields),
  ];
  return Object.fromEntries(
    kinds.flatMap((kind) => members.map(([name, expected]) => [`process.${kind}_leader.${name}`, expected])),
  );
}
