import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import { ControlPlane } from '../../support/control-plane.ts';

// Many addresses that nobody has authenticated do not keep a person from signing in.

/** More than the requests of all addresses that the trail shows at once. */
const crowdCount = 1000;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.inProcess();
});

async function call(path: string, input: object, peerAddress: string) {
  const body = Buffer.from(JSON.stringify(input));
  const headers = new Map([['content-type', 'application/json']]);
  const head = { method: 'POST', rawPath: path, rawQuery: '', headers, peerAddress };
  const { status, body: text } = await plane.answer({ ...head, body });
  return { status, answer: JSON.parse(text) };
}

const register = (peerAddress: string) =>
  call('/client/register', { clientName: 'aws', clientType: 'public' }, peerAddress);

const address = (index: number) => `198.51.${index >> 8}.${index & 255}`;

async function eventCount(name: string): Promise<number> {
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: true };
  let count = 0;
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    if (parseLine(bytes).event.eventName === name) count += 1;
  }
  return count;
}

test('registrations and device codes of many addresses are answered, and recorded up to a rate', async () => {
  const { answer: known } = await register('192.0.2.1');
  const { clientId, clientSecret } = known;
  const startUrl = 'https://localhost:8443/start';
  const start = (from: string) =>
    call('/device_authorization', { clientId, clientSecret, startUrl }, from);
  for (let index = 0; index < crowdCount; index++) {
    assert.equal((await register(address(index))).status, 200);
    const { status, answer } = await start(address(index));
    assert.equal(status, 200, JSON.stringify(answer));
  }
  const { status, answer } = await start('192.0.2.1');
  assert.equal(status, 200, JSON.stringify(answer));
  const recorded = await eventCount('RegisterClient');
  assert.ok(recorded > 0 && recorded < crowdCount, `${recorded} events`);
  assert.deepEqual(plane.unexpectedErrors, []);
});

test('one address is limited, and others are not', async () => {
  const statuses = new Set<number>();
  for (let index = 0; index < 25; index++) statuses.add((await register('203.0.113.9')).status);
  assert.deepEqual([...statuses], [200, 400]);
  assert.equal((await register('203.0.113.10')).status, 200);
});
