import assert from "node:assert/strict";
import { test } from "node:test";
import { titleText } from "../../ecs/title.ts";

test("a title is told where it is not the program's name", () => {
  assert.equal(titleText("logrotate", "dash"), ',"title":"logrotate"');
  assert.equal(titleText("python3", "python3.11"), ',"title":"python3"');
  assert.equal(titleText("kworker/0:1", undefined), ',"title":"kworker/0:1"');
  assert.equal(titleText('say "hi"', "say"), ',"title":"say \\"hi\\""');
});

test("no title is told where it is the program's name, as far as the kernel keeps one", () => {
  assert.equal(titleText("bash", "bash"), "");
  assert.equal(titleText("systemd-timesyn", "systemd-timesyncd"), "");
  // Of the last character, one of three bytes was kept.
  assert.equal(titleText("12345678901\u20ac\ufffd", "12345678901\u20ac\u20ac\u20ac"), "");
  assert.equal(titleText("a\ufffdb", "a\ufffdb"), "");
  assert.equal(titleText("1234567890\ufffd1234", "1234567890\ufffd123456"), "");
});

test("no title is told where none is known", () => {
  assert.equal(titleText(undefined, "bash"), "");
  assert.equal(titleText("", "bash"), "");
});
