import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { WaitingRoom } from "../../src/enrich/waiting_room.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import { identity, life, second } from "./ecs_lives.ts";

/** A room whose guests are ready when the test says so. */
class Room {
  readonly room: WaitingRoom;
  readonly ready = new Set<Lifecycle>();
  /** `pid`, and `pid!` where it had to go. */
  readonly left: string[] = [];
  readonly #out = (one: Lifecycle, isLate = false): void => {
    this.left.push(`${one.identity.pid}${isLate ? "!" : ""}`);
  };

  constructor(most = 100) {
    this.room = new WaitingRoom(most);
  }

  enter(pid: number, due: number, since = 0): Lifecycle {
    const guest = life(Transition.exec, { identity: identity(pid), since, time: new Instant(second + since, 0) });
    this.room.enter(guest, due);
    return guest;
  }

  letOut(now: number, most = 100): void {
    this.room.letOut(now, most, (one) => this.ready.has(one), this.#out);
  }

  letOutFirst(): void {
    this.room.letOutFirst(this.#out);
  }
}

describe("lives that wait", () => {
  test("leave when they are ready, in the order in which they came", () => {
    const room = new Room();
    for (const pid of [3, 1, 2]) room.ready.add(room.enter(pid, 100));
    room.enter(4, 100);
    room.letOut(0);
    assert.deepEqual(room.left, ["3", "1", "2"]);
    assert.equal(room.room.size, 1);
  });

  test("of one process do not overtake each other: who is ready waits for the one before", () => {
    const room = new Room();
    const first = room.enter(1, 100);
    room.ready.add(room.enter(1, 110));
    room.ready.add(room.enter(2, 110));
    room.letOut(0);
    assert.deepEqual(room.left, ["2"]);
    room.ready.add(first);
    room.letOut(10);
    assert.deepEqual(room.left, ["2", "1", "1"]);
    assert.ok(!room.room.hasProcessOf(first));
  });

  test("leave when their time is over, and are told apart from those that are ready", () => {
    const room = new Room();
    room.enter(1, 100);
    room.ready.add(room.enter(2, 100));
    room.enter(3, 101);
    room.letOut(100);
    assert.deepEqual(room.left, ["1!", "2"]);
  });

  test("leave with the one before, when its time is over", () => {
    const room = new Room();
    room.enter(1, 200);
    room.enter(1, 100);
    room.letOut(150);
    assert.deepEqual(room.left, [], "the one before is not due");
    room.letOut(200);
    assert.deepEqual(room.left, ["1!", "1!"]);
  });

  test("leave so many at a time, the others at the next look and in order", () => {
    const room = new Room();
    for (const pid of [1, 1, 2, 2]) room.ready.add(room.enter(pid, 100));
    room.letOut(0, 3);
    assert.deepEqual(room.left, ["1", "1", "2"]);
    room.letOut(0, 3);
    assert.deepEqual(room.left, ["1", "1", "2", "2"]);
  });

  test("are made to leave when too many have come, the oldest first", () => {
    const room = new Room(2);
    const first = room.enter(1, 100);
    assert.ok(!room.room.isFull);
    room.enter(1, 100);
    assert.ok(room.room.isFull);
    room.letOutFirst();
    assert.ok(room.room.hasProcessOf(first), "another of it waits");
    room.letOutFirst();
    assert.ok(!room.room.hasProcessOf(first));
    room.letOutFirst();
    assert.deepEqual(room.left, ["1", "1"]);
  });

  test("say when the earliest of them began, whatever their order", () => {
    const room = new Room();
    assert.equal(room.room.earliest(), undefined);
    for (const since of [30, 10, 20]) room.enter(since, 100, since);
    assert.deepEqual(room.room.earliest(), { since: 10, time: new Instant(second + 10, 0) });
  });

  test("each leave once, those of one process in order, whatever is ready when and however many may leave", () => {
    const guests = fc.array(fc.record({ pid: fc.integer({ min: 1, max: 4 }), due: fc.nat(50), readyAt: fc.nat(60) }));
    fc.assert(
      fc.property(guests, fc.integer({ min: 1, max: 5 }), (given, most) => {
        const room = new WaitingRoom(1000);
        const readyAt = new Map<Lifecycle, number>();
        const came: Lifecycle[] = [];
        for (const { pid, due, readyAt: when } of given) {
          const one = life(Transition.exec, { identity: identity(pid) });
          came.push(one);
          readyAt.set(one, when);
          room.enter(one, due);
        }
        const left: Lifecycle[] = [];
        for (let now = 0; now <= 60; now += 10) {
          const before = left.length;
          room.letOut(
            now,
            most,
            (one) => (readyAt.get(one) ?? 0) <= now,
            (one) => left.push(one),
          );
          assert.ok(left.length - before <= most);
        }
        while (room.size > 0) room.letOutFirst((one) => left.push(one));
        assert.equal(new Set(left).size, given.length);
        assert.equal(left.length, given.length);
        for (const pid of [1, 2, 3, 4])
          assert.deepEqual(
            left.filter((one) => one.identity.pid === pid),
            came.filter((one) => one.identity.pid === pid),
          );
      }),
    );
  });
});
