import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateTrailCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import type { EventRecord } from '../../src/audit/record.ts';
import { until } from '../support/processes.ts';
import { trailEvents } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// Log-ins of broker users are recorded while a trail selects them.

let waxwing: Waxwing;
before(async () => {
  // With this option, LookupEvents shows data events.
  waxwing = await Waxwing.start({ args: ['--record-failed-logins'] });
});
after(() => waxwing.remove());

async function brokerEvents(): Promise<EventRecord[]> {
  const events = await trailEvents(waxwing);
  return events.filter(({ eventName }) => /^Broker(Login|Access)$/.test(eventName));
}

/** Logs in twice. */
async function useBroker(): Promise<void> {
  for (const _ of [1, 2]) await (await waxwing.connect()).close();
}

test('log-ins are not recorded unless a trail selects them', async () => {
  await useBroker();
  const Name = 'management';
  await waxwing.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'management' }));
  await waxwing.trail.send(new StartLoggingCommand({ Name }));
  await useBroker();
  assert.deepEqual(await brokerEvents(), []);
});

test('log-ins are recorded while a trail selects them', async () => {
  const Name = 'access';
  await waxwing.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'access' }));
  const FieldSelectors = [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: ['AWS::AmazonMQ::Broker'] },
  ];
  const AdvancedEventSelectors = [{ FieldSelectors }];
  await waxwing.trail.send(
    new PutEventSelectorsCommand({ TrailName: Name, AdvancedEventSelectors }),
  );
  await waxwing.trail.send(new StartLoggingCommand({ Name }));
  await useBroker();
  const events = await until('the events', async () => {
    const found = await brokerEvents();
    return found.length >= 2 ? found : undefined;
  });
  const { username } = new URL(waxwing.amqpUrl);
  const shown = events.map(
    ({
      eventName,
      errorCode,
      errorMessage,
      userIdentity,
      sourceIPAddress,
      additionalEventData,
    }) => ({
      ...{ eventName, errorCode, errorMessage },
      ...{ user: userIdentity.userName, sourceIPAddress, additionalEventData },
    }),
  );
  const login = {
    eventName: 'BrokerLogin',
    errorCode: undefined,
    errorMessage: undefined,
    user: username,
    sourceIPAddress: '127.0.0.1',
    additionalEventData: { count: 1, protocol: 'AMQP 0-9-1' },
  };
  assert.deepEqual(shown, [login, login]);
  await waxwing.trail.send(new StopLoggingCommand({ Name }));
  await useBroker();
  assert.equal((await brokerEvents()).length, 2);
  for (const event of events) {
    assert.ok(!JSON.stringify(event).includes(new URL(waxwing.amqpUrl).password));
  }
});
