import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { Log, type LogOptions, logLevels, repeatIntervalMs } from "../../src/telemetry/log.ts";

const start = new Date(2026, 10, 21, 9, 42, 2).getTime();

function logTo(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = { now: start };
  const log = new Log({
    level: "info",
    format: "text",
    colour: false,
    now: () => clock.now,
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines, clock };
}

describe("text", () => {
  test("is local time, level, message and fields", () => {
    const { log, lines } = logTo();
    log.warn("lost 12 exec records (ring full)", { kind: "exec", lost: 12, absent: undefined });
    log.error("no fields");
    assert.deepEqual(lines, [
      "09:42:02 warn  lost 12 exec records (ring full)  kind=exec lost=12",
      "09:42:02 error no fields",
    ]);
  });

  test("quotes a field that could be taken for two", () => {
    const { log, lines } = logTo();
    log.info("m", { a: "x y", b: "", c: 'q"', d: "k=v", e: true });
    assert.deepEqual(lines, ['09:42:02 info  m  a="x y" b="" c="q\\"" d="k=v" e=true']);
  });

  test("has colours when asked, around the same words", () => {
    const { log, lines } = logTo({ colour: true });
    log.error("broken", { code: "X" });
    assert.notEqual(lines[0], "09:42:02 error broken  code=X");
    assert.equal(stripVTControlCharacters(lines[0] ?? ""), "09:42:02 error broken  code=X");
  });

  test("shows escape sequences, line ends and turned-round text instead of obeying them", () => {
    const { log, lines } = logTo();
    log.info("a\u001b[2Jb\nc\r\u009b\u202e", { path: "/tmp/\u001b]0;x\u0007" });
    assert.deepEqual(lines, ["09:42:02 info  a\\u001b[2Jb\\nc\\r\\u009b\\u202e  path=/tmp/\\u001b]0;x\\u0007"]);
  });
});

describe("json", () => {
  test("is one ECS document a line, with the fields under mayfly", () => {
    const { log, lines } = logTo({ format: "json" });
    log.warn("lost", { kind: "exec", lost: 12, absent: undefined });
    log.info("plain");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        {
          "@timestamp": new Date(start).toISOString(),
          "log.level": "warn",
          message: "lost",
          "ecs.version": "9.4.0",
          mayfly: { kind: "exec", lost: 12 },
        },
        { "@timestamp": new Date(start).toISOString(), "log.level": "info", message: "plain", "ecs.version": "9.4.0" },
      ],
    );
  });
});

test("any message and fields make one line without control characters, and json reads back as what was said", () => {
  const fields = fc.dictionary(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean()),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fields, (message, given) => {
      for (const format of ["text", "json"] as const) {
        const { log, lines } = logTo({ format });
        log.info(message, given);
        assert.equal(lines.length, 1);
        assert.doesNotMatch(lines[0] ?? "", /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
        if (format === "json") assert.equal((JSON.parse(lines[0] ?? "") as { message: string }).message, message);
      }
    }),
  );
});

test("messages below the level are not written", () => {
  for (const [least, level] of logLevels.entries()) {
    const { log, lines } = logTo({ level });
    for (const name of logLevels) log[name](name);
    assert.deepEqual(
      lines.map((line) => line.slice(9, 14).trim()),
      logLevels.slice(least),
    );
    assert.equal(log.enabled("trace"), level === "trace");
  }
});

describe("a fault that is repeated", () => {
  test("is written at once and then once in 10 s, with the number left out", () => {
    const { log, lines, clock } = logTo();
    for (let i = 1; i <= 100; i++) log.repeated("warn", "RING_FULL", `lost ${i}`, { lost: i });
    assert.deepEqual(lines, ["09:42:02 warn  lost 1  code=RING_FULL lost=1"]);
    clock.now += repeatIntervalMs - 1;
    log.repeated("warn", "RING_FULL", "lost 101", { lost: 101 });
    assert.equal(lines.length, 1);
    clock.now += 1;
    log.repeated("warn", "RING_FULL", "lost 102", { lost: 102 });
    assert.equal(lines[1], "09:42:12 warn  lost 102  code=RING_FULL suppressed=100 lost=102");
  });

  test("does not hold back another code", () => {
    const { log, lines } = logTo();
    log.repeated("warn", "A", "a");
    log.repeated("warn", "B", "b");
    assert.equal(lines.length, 2);
  });

  test("comes without a number after a quiet time", () => {
    const { log, lines, clock } = logTo();
    log.repeated("warn", "A", "a");
    clock.now += repeatIntervalMs;
    log.repeated("warn", "A", "a");
    assert.equal(lines[1], "09:42:12 warn  a  code=A");
  });

  test("has the end of its burst told by the flush: when due, or at the stop", () => {
    const { log, lines, clock } = logTo();
    for (let i = 1; i <= 3; i++) log.repeated("warn", "A", `a ${i}`);
    log.flushRepeated();
    assert.equal(lines.length, 1);
    clock.now += repeatIntervalMs;
    log.flushRepeated();
    assert.equal(lines[1], "09:42:12 warn  a 3  code=A suppressed=1");
    log.repeated("warn", "A", "a 4");
    log.flushRepeated(true);
    log.flushRepeated(true);
    assert.deepEqual(lines.slice(2), ["09:42:12 warn  a 4  code=A"]);
  });

  test("is not silenced by a clock that is set back", () => {
    const { log, lines, clock } = logTo();
    log.repeated("warn", "A", "a 1");
    clock.now -= 3_600_000;
    log.repeated("warn", "A", "a 2");
    assert.equal(lines.length, 2);
  });

  test("tells of every message: those written and those counted are all there were", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4_000), { maxLength: 200 }), (pauses) => {
        const { log, lines, clock } = logTo({ format: "json" });
        for (const pause of pauses) {
          clock.now += pause;
          log.repeated("info", "A", "a");
          log.flushRepeated();
        }
        log.flushRepeated(true);
        let told = 0;
        for (const line of lines)
          told += 1 + ((JSON.parse(line) as { mayfly: { suppressed?: number } }).mayfly.suppressed ?? 0);
        assert.equal(told, pauses.length);
      }),
    );
  });
});
