import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditError } from '../errors.ts';
import type { EventRecord } from '../record.ts';
import {
  type AdvancedEventSelector,
  checkAdvancedSelectors,
  checkSelectors,
  defaultSelectors,
  type EventSelector,
  type FieldOperator,
  isSelected,
} from './event-selectors.ts';

const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/1';
const event: EventRecord = {
  eventVersion: '1.11',
  userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/anna' },
  eventTime: '2026-11-28T10:00:00Z',
  eventSource: 'kms.amazonaws.com',
  eventName: 'Decrypt',
  awsRegion: 'us-east-1',
  sourceIPAddress: '127.0.0.1',
  requestParameters: null,
  responseElements: null,
  eventID: '1',
  readOnly: true,
  resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: keyArn }],
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
};
const login: EventRecord = {
  ...event,
  eventName: 'BrokerLogin',
  eventSource: 'waxwing.local',
  eventCategory: 'Data',
  managementEvent: false,
  resources: [{ accountId: '1', type: 'AWS::AmazonMQ::Broker', ARN: 'arn:aws:mq:x:1:broker:a:b' }],
};

function basic(selector: Partial<EventSelector>, of: EventRecord): boolean {
  const [standard] = defaultSelectors;
  assert.ok(standard);
  return isSelected({ selectors: [{ ...standard, ...selector }], advancedSelectors: [] }, of);
}

test('basic selectors select management events by their kind and source', () => {
  assert.equal(basic({}, event), true);
  assert.equal(basic({ readWriteType: 'WriteOnly' }, event), false);
  assert.equal(basic({ readWriteType: 'ReadOnly' }, event), true);
  assert.equal(basic({ excludedSources: ['kms.amazonaws.com'] }, event), false);
  assert.equal(basic({ includesManagementEvents: false }, event), false);
  assert.equal(basic({}, login), false);
});

type Fields = Readonly<Record<string, Readonly<Partial<Record<FieldOperator, readonly string[]>>>>>;

function selectorOf(fields: Fields): AdvancedEventSelector {
  return {
    fields: Object.entries(fields).map(([field, operators]) => ({ field, operators })),
  };
}

function advanced(fields: Fields, of: EventRecord): boolean {
  const advancedSelectors = [selectorOf(fields)];
  checkAdvancedSelectors(advancedSelectors);
  return isSelected({ selectors: [], advancedSelectors }, of);
}

test('advanced selectors compare every field by every operator', () => {
  const management = { eventCategory: { Equals: ['Management'] } };
  const cases: readonly [Fields, boolean][] = [
    [{}, true],
    [{ readOnly: { Equals: ['true'] } }, true],
    [{ readOnly: { Equals: ['false'] } }, false],
    [{ eventName: { Equals: ['Encrypt', 'Decrypt'] } }, true],
    [{ eventName: { StartsWith: ['De'], EndsWith: ['crypt'] } }, true],
    [{ eventName: { StartsWith: ['De'], EndsWith: ['Key'] } }, false],
    [{ eventName: { NotEquals: ['Decrypt'] } }, false],
    [{ eventName: { NotStartsWith: ['En'], NotEndsWith: ['Key'] } }, true],
    [{ eventSource: { NotEquals: ['kms.amazonaws.com'] } }, false],
    [{ 'resources.ARN': { StartsWith: ['arn:aws:kms:'] } }, true],
    [{ 'resources.ARN': { NotStartsWith: ['arn:aws:kms:'] } }, false],
    [{ 'userIdentity.arn': { EndsWith: ['/anna'] } }, true],
    [{ errorCode: { Equals: ['AccessDenied'] } }, false],
    [{ errorCode: { NotEquals: ['AccessDenied'] } }, true],
    [{ sessionCredentialFromConsole: { Equals: ['true'] } }, false],
    [{ eventType: { Equals: ['AwsApiCall'] } }, true],
    [{ vpcEndpointId: { Equals: ['vpce-1'] } }, false],
  ];
  for (const [fields, isFound] of cases) {
    assert.equal(advanced({ ...management, ...fields }, event), isFound, JSON.stringify(fields));
  }
});

test('data events of brokers are selected by their category and type', () => {
  const data = {
    eventCategory: { Equals: ['Data'] },
    'resources.type': { Equals: ['AWS::AmazonMQ::Broker'] },
  };
  assert.equal(advanced(data, login), true);
  assert.equal(advanced(data, event), false);
});

function refusal(check: () => void): string {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof AuditError);
    assert.equal(error.code, 'invalid-event-selectors');
    return error.message;
  }
  return assert.fail('it was accepted');
}

test('selectors that select nothing or have unknown fields are refused with a reason', () => {
  const [standard] = defaultSelectors;
  assert.ok(standard);
  const six = Array.from({ length: 6 }, () => standard);
  assert.match(
    refusal(() => checkSelectors(six)),
    /6 selectors are given; 1 to 5/,
  );
  const wrongType = { ...standard, dataResources: [{ type: 'AWS::Moon', values: [] }] };
  assert.match(
    refusal(() => checkSelectors([wrongType])),
    /'AWS::Moon' is unknown/,
  );
  const wrongSource = { ...standard, excludedSources: ['mq.amazonaws.com'] };
  assert.match(
    refusal(() => checkSelectors([wrongSource])),
    /cannot be excluded/,
  );
  const advancedCases: readonly [Fields, RegExp][] = [
    [{}, /needs eventCategory/],
    [{ eventCategory: { Equals: ['Other'] } }, /needs eventCategory/],
    [{ eventCategory: { Equals: ['Data'] } }, /need a selector of resources.type/],
    [{ eventCategory: { Equals: ['Management'] }, color: { Equals: ['red'] } }, /'color'/],
    [{ eventCategory: { Equals: ['Management'] }, eventName: {} }, /has no operator/],
    [
      { eventCategory: { Equals: ['Management'] }, readOnly: { NotEquals: ['true'] } },
      /only be compared by Equals/,
    ],
    [
      { eventCategory: { Equals: ['Management'] }, eventName: { Equals: Array(501).fill('a') } },
      /502 values are given; at most 500/,
    ],
  ];
  for (const [fields, message] of advancedCases) {
    assert.match(
      refusal(() => checkAdvancedSelectors([selectorOf(fields)])),
      message,
    );
  }
});
