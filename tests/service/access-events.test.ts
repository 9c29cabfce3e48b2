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

// Log-ins of RabbitMQ users and their refused actions are recorded while a trail selects them.

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

/** Logs in, and tries to open a virtual host that does not exist. */
async function useBroker(): Promise<void> {
  await (await waxwing.connect()).close();
  await assert.rejects(waxwing.connect(`${waxwing.amqpUrl}/elsewhere`));
}

test('log-ins are not recorded unless a trail selects them', async () => {
  await useBroker();
  const Name = 'management';
  await waxwing.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'management' }));
  await waxwing.trail.send(new StartLoggingCommand({ Name }));
  await useBroker();
  assert.deepEqual(await brokerEvents(), []);
});

test('log-ins and a refused virtual host are recorded while a trail selects them', async () => {
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
    return found.length >= 3 ? found : undefined;
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
  assert.deepEqual(shown.slice(0, 2), [login, login]);
  assert.equal(shown[2]?.eventName, 'BrokerAccess');
  assert.equal(shown[2]?.errorCode, 'AccessRefused');
  assert.equal(
    shown[2]?.errorMessage,
    `access to vhost 'elsewhere' refused for user '${username}'`,
  );
  await waxwing.trail.send(new StopLoggingCommand({ Name }));
  await useBroker();
  assert.equal((await brokerEvents()).length, 3);
  for (const event of events) {
    assert.ok(!JSON.stringify(event).includes(new URL(waxwing.amqpUrl).password));
  }
});
