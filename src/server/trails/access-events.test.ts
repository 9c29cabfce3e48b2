import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '../../audit/record.ts';
import { type ChainHead, parseLine, Trail } from '../../audit/trail.ts';
import { isSelected, type Selectors } from '../../audit/trails/event-selectors.ts';
import type { ReportedAccess } from '../../control/engine.ts';
import { AccessEvents } from './access-events.ts';

const arn = 'arn:aws:mq:eu-central-1:111122223333:broker:orders:b-1';

/** Events as they are recorded, with a trail that has some selectors. */
function open(selectors: Selectors | undefined, recordsFailedLogins = false) {
  const recorded: EventRecord[] = [];
  const trail = new Trail();
  const events = new AccessEvents({
    state: {
      trail,
      brokers: { get: (id) => (id === 'b-1' ? { arn } : undefined) },
      store: {
        commit: async (entries) => {
          for (const entry of entries) {
            if ('timeline' in entry) recorded.push(parseLine(entry.bytes).event);
            else trail.apply(entry.change as ChainHead); // the journal is that of the trail
          }
        },
      },
    },
    location: { region: 'eu-central-1', accountId: '111122223333' },
    settings: { recordsFailedLogins },
    trails: { isWanted: (event) => selectors !== undefined && isSelected(selectors, event) },
    failed: (error) => assert.fail(String(error)),
  });
  return { events, recorded };
}

const brokerEvents = (more: Selectors['advancedSelectors'][number]['fields'] = []): Selectors => ({
  selectors: [],
  advancedSelectors: [
    {
      fields: [
        { field: 'eventCategory', operators: { Equals: ['Data'] } },
        { field: 'resources.type', operators: { Equals: ['AWS::AmazonMQ::Broker'] } },
        ...more,
      ],
    },
  ],
});

const login: ReportedAccess = {
  kind: 'login',
  user: 'amy',
  peerAddress: '192.0.2.7:4711',
  protocol: 'MQTT',
  text: undefined,
  count: 3,
};
const denial: ReportedAccess = {
  ...login,
  kind: 'denial',
  protocol: undefined,
  text: "read access to queue 'q' in vhost '/' refused for user 'amy'",
  count: 1,
};
const failure = {
  eventName: 'BrokerLogin',
  brokerId: 'b-1',
  sourceIp: '192.0.2.7',
  errorCode: 'AccessRefused',
  errorMessage: 'wrong-password',
  count: 1,
} as const;

test('log-ins and refused actions are data events of their broker', () => {
  const { events, recorded } = open(brokerEvents());
  events.brokerAccess('b-1', login);
  events.brokerAccess('b-1', denial);
  const [first, second] = recorded.map(({ eventID: _, eventTime: __, ...rest }) => rest);
  const common = {
    eventVersion: '1.11',
    userIdentity: { type: 'Unknown', accountId: '111122223333', userName: 'amy' },
    eventSource: 'waxwing.local',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '192.0.2.7',
    requestParameters: null,
    responseElements: null,
    readOnly: true,
    resources: [{ accountId: '111122223333', type: 'AWS::AmazonMQ::Broker', ARN: arn }],
    eventType: 'AwsServiceEvent',
    managementEvent: false,
    recipientAccountId: '111122223333',
    eventCategory: 'Data',
  };
  assert.deepEqual(first, {
    ...common,
    eventName: 'BrokerLogin',
    additionalEventData: { count: 3, protocol: 'MQTT' },
  });
  assert.deepEqual(second, {
    ...common,
    eventName: 'BrokerAccess',
    errorCode: 'AccessRefused',
    errorMessage: denial.text,
    additionalEventData: { count: 1 },
  });
});

test('nothing is recorded unless a trail selects it', () => {
  for (const selectors of [undefined, { selectors: [], advancedSelectors: [] }]) {
    const { events, recorded } = open(selectors);
    events.brokerAccess('b-1', login);
    events.brokerAccess('b-1', denial);
    events.failedLogins(failure);
    assert.deepEqual(recorded, []);
  }
});

test('a selector of names or errors selects among the events', () => {
  const names = (selectors: Selectors, recordsFailedLogins = false) => {
    const { events, recorded } = open(selectors, recordsFailedLogins);
    events.brokerAccess('b-1', login);
    events.brokerAccess('b-1', denial);
    events.failedLogins(failure);
    return recorded.map(({ eventName, errorCode }) => `${eventName} ${errorCode}`);
  };
  const only = (field: string, operators: object) => brokerEvents([{ field, operators }]);
  assert.deepEqual(names(only('eventName', { Equals: ['BrokerAccess'] })), [
    'BrokerAccess AccessRefused',
  ]);
  assert.deepEqual(names(only('errorCode', { Equals: ['AccessRefused'] })), [
    'BrokerAccess AccessRefused',
    'BrokerLogin AccessRefused',
  ]);
  assert.deepEqual(names(only('resources.ARN', { NotEquals: [arn] }), true), [
    'BrokerLogin AccessRefused',
  ]);
});

test('an event for several users, addresses and actions says so', () => {
  const { events, recorded } = open(brokerEvents());
  const several = { user: undefined, peerAddress: undefined, protocol: undefined, count: 900 };
  events.brokerAccess('b-1', { ...several, kind: 'login', text: undefined });
  events.brokerAccess('b-1', { ...several, kind: 'denial', text: undefined });
  const [first, second] = recorded;
  assert.equal(first?.sourceIPAddress, 'several addresses');
  assert.deepEqual(first?.userIdentity, { type: 'Unknown', accountId: '111122223333' });
  assert.deepEqual(first?.additionalEventData, { count: 900 });
  assert.equal(second?.errorMessage, 'different actions were refused');
});
