import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '../../../src/audit/record.ts';
import { createBroker } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';
import { trailEvents } from '../../support/trail-events.ts';

type Json = Record<string, unknown>;

async function ask(plane: ControlPlane, name: string, input: Json = {}): Promise<Json> {
  const { status, body } = await signedCall(
    plane,
    serviceNamed(plane, 'waxwing-audit'),
    name,
    input,
  );
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

test("calls on service-owned keys are in the service's own trail, with a chain of its own", async () => {
  const plane = await ControlPlane.start();
  try {
    await createBroker(plane);
    await plane.settled();
    const { events } = (await ask(plane, 'ListServiceEvents')) as { events: string[] };
    const records = events.map((text): EventRecord => JSON.parse(text));
    const names = new Set(records.map(({ eventName }) => eventName));
    for (const name of ['CreateKey', 'CreateGrant', 'GenerateDataKeyWithoutPlaintext', 'Decrypt']) {
      assert.ok(names.has(name), `${name} is not in ${[...names].join()}`);
    }
    assert.ok(records.every(({ recipientAccountId }) => recipientAccountId !== accountId));
    assert.ok(records.every(({ userIdentity }) => userIdentity.type === 'AWSService'));
    const own = new Set((await trailEvents(plane)).map(({ eventName }) => eventName));
    assert.ok(own.has('CreateBroker') && !own.has('CreateGrant') && !own.has('Decrypt'));
    const head = await ask(plane, 'GetTrailHead');
    assert.equal(head['serviceEventCount'], records.length);
    assert.equal(head['serviceEventHash'], plane.serviceTrail.head.hash);
    assert.equal(head['eventCount'], plane.trailDomain.head.count - 1);
  } finally {
    await plane.close();
  }
});
