import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createBroker } from '../../support/broker-requests.ts';
import { Callers, newUser } from '../../support/callers.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// What the data protection page of the console shows beside the keys.

let plane: ControlPlane;
let callers: Callers;
before(async () => {
  plane = await ControlPlane.start();
  callers = new Callers(plane);
});
after(async () => {
  callers.close();
  await plane.close();
});

const call = (name: string, input: object, credentials = plane.credentials) =>
  signedCall(plane, serviceNamed(plane, 'waxwing-administration'), name, { ...input }, credentials);

const drills = [
  { drill: 'stolen-folder', hasPassed: true, durationMs: 1234 },
  { drill: 'wire-tap', hasPassed: false, durationMs: 0 },
  { drill: 'promoted-replica', hasPassed: true, durationMs: 9, notTried: 'pairs: no ActiveMQ' },
];
const run = {
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:00.000Z',
  version: '1.2.3-rc.1',
  programSha256: 'a'.repeat(64),
  drills,
};

test('the results of drills are in the trail as they were sent', async () => {
  const { status, body, event } = await call('RecordDrills', run);
  assert.deepEqual([status, body], [200, '{}']);
  assert.deepEqual(event.requestParameters, run);
});

test('results that are not those of drills are refused, and recorded as refused', async () => {
  const wrong = [
    { startedAt: 'yesterday' },
    { endedAt: '2026-01-01T00:00:00Z' },
    { endedAt: '2026-02-30T00:00:00.000Z' },
    { endedAt: '2026-01-01T00:00:00.0000' },
    { version: '<b>' },
    { programSha256: 'A'.repeat(64) },
    { programSha256: 'a'.repeat(63) },
    { drills: [] },
    { drills: [{ drill: 'a\u202eb', hasPassed: true, durationMs: 1 }] },
    { drills: [{ drill: 'x'.repeat(65), hasPassed: true, durationMs: 1 }] },
    { drills: [{ drill: 'x', hasPassed: 'yes', durationMs: 1 }] },
    { drills: [{ drill: 'x', hasPassed: true, durationMs: -1 }] },
    { drills: [{ drill: 'x', hasPassed: true, durationMs: 1, notTried: '' }] },
    { drills: [{ drill: 'x', hasPassed: true, durationMs: 1, notTried: 'a\u202eb' }] },
    { drills: [{ drill: 'x', hasPassed: true, durationMs: 1, notTried: 'x'.repeat(513) }] },
    { drills: Array.from({ length: 65 }, () => drills[0]) },
  ];
  for (const change of wrong) {
    const { status, event } = await call('RecordDrills', { ...run, ...change });
    assert.equal(status, 400, JSON.stringify(change).slice(0, 80));
    assert.notEqual(event.errorCode, undefined);
  }
});

test('the TLS of a broker is told to whom a policy allows it, and of brokers that exist', async () => {
  const id = await createBroker(plane, { BrokerName: 'watched' });
  const { status, body } = await call('DescribeTransport', { broker: 'watched' });
  assert.equal(status, 200, body);
  // The engine of this test has no ports.
  assert.deepEqual(JSON.parse(body), { brokerId: id, brokerName: 'watched', handshakes: [] });
  assert.equal((await call('DescribeTransport', { broker: 'nothing' })).status, 404);
  const Action = 'waxwing:DescribeTransport';
  const statement = { Effect: 'Allow', Action, Resource: 'arn:aws:mq:*:*:broker:other:*' };
  const credentials = await newUser(callers.as().iam, 'anna', { statements: [statement] });
  assert.equal((await call('DescribeTransport', { broker: id }, credentials)).status, 403);
});
