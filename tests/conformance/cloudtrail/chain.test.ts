import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { DisableKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import { createBroker, createKey, underKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';

async function lines(plane: ControlPlane): Promise<Buffer[]> {
  const found: Buffer[] = [];
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: false };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) found.push(bytes);
  return found;
}

/** The first line that does not follow from the one before, or the head that does not follow. */
function brokenAt(trail: readonly Buffer[], head: { count: number; hash: string }): unknown {
  let hash = '0'.repeat(64);
  for (const [index, bytes] of trail.entries()) {
    const { number, previous } = parseLine(bytes);
    if (number !== index + 1 || previous !== hash) return index + 1;
    hash = createHash('sha256').update(bytes).digest('hex');
  }
  return head.count === trail.length && head.hash === hash ? undefined : 'head';
}

test('the event chain is valid across restarts and detects any change', async () => {
  let plane = await ControlPlane.start();
  try {
    const key = await createKey(plane);
    await createBroker(plane, underKey(key));
    await Promise.all(Array.from({ length: 20 }, () => plane.kms.send(new ListKeysCommand({}))));
    plane = await plane.restart();
    await plane.kms.send(new DisableKeyCommand({ KeyId: key }));
    await plane.settled();
    const trail = await lines(plane);
    const { head } = plane.trailDomain;
    assert.ok(trail.length > 25);
    assert.equal(brokenAt(trail, head), undefined);
    const changed = trail.map((bytes, i) =>
      i === 9 ? Buffer.from(bytes.toString().replace('us-west-2', 'us-west-3')) : bytes,
    );
    assert.notDeepEqual(changed, trail);
    assert.equal(brokenAt(changed, head), 11);
    assert.equal(brokenAt(trail.toSpliced(9, 1), head), 10);
    assert.equal(brokenAt(trail.toSpliced(9, 2, ...trail.slice(9, 11).reverse()), head), 10);
    assert.equal(brokenAt(trail.slice(0, -1), head), 'head');
  } finally {
    await plane.close();
  }
});
