import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DocumentWriter } from "../../ecs/document.ts";
import type { Credentials } from "../../src/process/facts.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { Document, DocumentImage } from "../harness/document.ts";
import * as lives from "./ecs_lives.ts";

/** A family whose elders' names are not known: what stands in two documents is kept as text. */
class Family {
  readonly elder: Credentials = lives.credentials({ names: undefined });
  readonly #origin = lives.origin({ parent: lives.parent({ credentials: this.elder }) });
  readonly leader = lives.leader({ credentials: this.elder });
  readonly #leaders = lives.leaders({ entry: this.leader, session: this.leader, group: this.leader });
  readonly #credentials = lives.credentials();
  readonly #writer = new DocumentWriter(lives.options());

  /** The next child's document. */
  child(changed: Parameters<typeof lives.life>[1] = {}): Document {
    const facts = { origin: this.#origin, leaders: this.#leaders, credentials: this.#credentials };
    return JSON.parse(this.#writer.write(lives.life(Transition.fork, { ...facts, ...changed }))) as Document;
  }
}

type Place = "parent" | "entry_leader" | "session_leader" | "group_leader";
const places: readonly Place[] = ["parent", "entry_leader", "session_leader", "group_leader"];

function userIn(document: Document, place: Place): DocumentImage["user"] {
  return document.process?.[place]?.user;
}

describe("a text that was kept", () => {
  for (const place of places) {
    const facts = (family: Family): Parameters<typeof lives.life>[1] => {
      const none = { entry: undefined, session: undefined, group: undefined };
      if (place === "parent") return { leaders: lives.leaders(none) };
      const only = lives.leaders({ ...none, [place.slice(0, place.indexOf("_"))]: family.leader });
      return { origin: lives.origin({ parent: undefined }), leaders: only };
    };

    test(`of ${place} has the name that became known since, though its owner is in no document of its own`, () => {
      const family = new Family();
      const alone = facts(family);
      for (let count = 0; count < 4; count++) assert.deepEqual(userIn(family.child(alone), place), { id: "1000" });
      family.elder.names = lives.names();
      for (let count = 0; count < 4; count++)
        assert.deepEqual(userIn(family.child(alone), place), { id: "1000", name: "ada" });
    });
  }

  test("has the name that changed since, and not the one that went", () => {
    const family = new Family();
    for (const user of ["ada", "eve", undefined]) {
      family.elder.names = lives.names({ user });
      for (let count = 0; count < 3; count++) {
        const document = family.child();
        for (const place of places)
          assert.deepEqual(userIn(document, place), user === undefined ? { id: "1000" } : { id: "1000", name: user });
      }
    }
  });

  test("of one family is made anew when a name changes in another one, and is the same", () => {
    const [family, other] = [new Family(), new Family()];
    family.elder.names = lives.names();
    const before = [family.child(), family.child(), family.child()].at(-1);
    other.child();
    other.elder.names = lives.names({ user: "eve" });
    other.child();
    assert.deepEqual(family.child().process, before?.process);
  });
});
