import assert from "node:assert/strict";
import { test } from "node:test";
import { lossesIn } from "../../harness/elasticsearch/arrivals.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { Scene } from "../../harness/elasticsearch/scene.ts";
import { live } from "../../harness/live.ts";

test(
  "30 % of the documents answered 429: those are sent again, and each stands once",
  needs(live, plain),
  async (t) => {
    const scene = await Scene.set(t, plainServer(), { rules: [{ reject: { items: 0.3 }, times: 30 }] });
    const { traffic } = scene.proxy;
    const lives = await scene.live(800);
    const arrivals = await scene.arrivals(lives, 60_000);
    assert.equal(arrivals.difference.summary, "");
    assert.deepEqual(arrivals.doubled, []);
    const metrics = await scene.settled();
    const retried = metrics.get("mayfly_retried_documents_total") ?? 0;
    assert.ok(retried > 100, `only ${retried} were sent again`);
    assert.deepEqual(lossesIn(metrics), {});
    assert.deepEqual(traffic.forwardedAgain, [], "only what was refused is sent again");
    assert.equal(metrics.get('mayfly_delivered_documents_total{result="already_there"}'), 0);
  },
);

test(
  "a server that takes 10 s for a request is waited for, and gets each document once",
  needs(live, plain),
  async (t) => {
    const scene = await Scene.set(t, plainServer(), { rules: [{ delay: 10_000, times: 2 }] });
    const { traffic } = scene.proxy;
    const lives = await scene.live(500);
    const arrivals = await scene.arrivals(lives, 60_000);
    assert.equal(arrivals.difference.summary, "");
    assert.deepEqual(arrivals.doubled, []);
    const slow = traffic.bulks.slice(0, 2);
    assert.ok(
      slow.every(({ took = 0, fate }) => took >= 10_000 && fate === "answered"),
      "none is given up",
    );
    assert.deepEqual(traffic.sentAgain, []);
    const { bulks } = traffic;
    const besides = bulks.filter(({ at }, turn) => bulks.slice(0, turn).some((one) => at < one.at + (one.took ?? 0)));
    // More than twice what one request takes (a machine that others use too) may go side by side.
    if (traffic.sent.size < 3200) assert.deepEqual(besides, [], "one request at a time");
    assert.deepEqual(lossesIn(await scene.settled()), {});
    assert.equal((await scene.shipper.get("/readyz")).status, 200);
  },
);
