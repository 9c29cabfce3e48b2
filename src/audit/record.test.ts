import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../calls/caller.ts';
import type { CompletedCall } from '../calls/completed-call.ts';
import { eventRecord, serviceEventRecord } from './record.ts';

const keyArn = 'arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const root: Caller = {
  type: 'root',
  accountId: '111122223333',
  arn: 'arn:aws:iam::111122223333:root',
  principalId: '111122223333',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
};
const call: CompletedCall = {
  caller: root,
  invokedBy: undefined,
  requestId: '11111111-1111-4111-8111-111111111111',
  eventId: '22222222-2222-4222-8222-222222222222',
  region: 'us-west-2',
  accountId: '111122223333',
  sourceIp: '203.0.113.0',
  userAgent: 'aws-cli/1.45',
  atMs: Date.UTC(2026, 10, 23, 20, 4, 1, 999),
  eventSource: 'kms.amazonaws.com',
  eventName: 'CreateGrant',
  apiVersion: '2014-11-01',
  readOnly: false,
  requestParameters: { keyId: keyArn, granteePrincipal: 'mq.amazonaws.com' },
  responseElements: { grantId: 'a'.repeat(64), keyId: keyArn },
  resources: [{ arn: keyArn, type: 'AWS::KMS::Key', accountId: '111122223333' }],
};

test('a root user call is recorded with all fields in CloudTrail order', () => {
  assert.equal(
    JSON.stringify(eventRecord(call)),
    JSON.stringify({
      eventVersion: '1.11',
      userIdentity: {
        type: 'Root',
        principalId: '111122223333',
        arn: 'arn:aws:iam::111122223333:root',
        accountId: '111122223333',
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      },
      eventTime: '2026-11-23T20:04:01Z',
      eventSource: 'kms.amazonaws.com',
      eventName: 'CreateGrant',
      awsRegion: 'us-west-2',
      sourceIPAddress: '203.0.113.0',
      userAgent: 'aws-cli/1.45',
      requestParameters: { keyId: keyArn, granteePrincipal: 'mq.amazonaws.com' },
      responseElements: { grantId: 'a'.repeat(64), keyId: keyArn },
      requestID: '11111111-1111-4111-8111-111111111111',
      eventID: '22222222-2222-4222-8222-222222222222',
      readOnly: false,
      resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: keyArn }],
      eventType: 'AwsApiCall',
      apiVersion: '2014-11-01',
      managementEvent: true,
      recipientAccountId: '111122223333',
      eventCategory: 'Management',
    }),
  );
});

test('an assumed role is recorded with its session and the service that used it', () => {
  const record = eventRecord({
    ...call,
    caller: {
      type: 'assumed-role',
      accountId: '111122223333',
      arn: 'arn:aws:sts::111122223333:assumed-role/ops/session',
      principalId: 'AROAEXAMPLE:session',
      accessKeyId: 'ASIAEXAMPLE',
      session: {
        roleName: 'ops',
        roleId: 'AROAEXAMPLE',
        roleArn: 'arn:aws:iam::111122223333:role/ops',
        createdMs: Date.UTC(2026, 10, 23, 20),
        mfaAuthenticated: false,
      },
    },
    invokedBy: 'mq.amazonaws.com',
  });
  assert.deepEqual(record.userIdentity, {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:session',
    arn: 'arn:aws:sts::111122223333:assumed-role/ops/session',
    accountId: '111122223333',
    accessKeyId: 'ASIAEXAMPLE',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAEXAMPLE',
        arn: 'arn:aws:iam::111122223333:role/ops',
        accountId: '111122223333',
        userName: 'ops',
      },
      webIdFederationData: {},
      attributes: { creationDate: '2026-11-23T20:00:00Z', mfaAuthenticated: 'false' },
    },
    invokedBy: 'mq.amazonaws.com',
  });
});

test('a call that a service makes for itself records only the service', () => {
  const record = eventRecord({
    ...call,
    caller: {
      type: 'service',
      accountId: '111122223333',
      arn: 'mq.amazonaws.com',
      principalId: 'mq.amazonaws.com',
    },
    sharedEventId: '33333333-3333-4333-8333-333333333333',
  });
  assert.deepEqual(record.userIdentity, { type: 'AWSService', invokedBy: 'mq.amazonaws.com' });
  assert.equal(record.sourceIPAddress, 'mq.amazonaws.com');
  assert.equal(record.userAgent, 'mq.amazonaws.com');
  assert.equal(record.sharedEventID, '33333333-3333-4333-8333-333333333333');
});

test('a read-only call is recorded without its response', () => {
  const record = eventRecord({ ...call, readOnly: true });
  assert.equal(record.responseElements, null);
  assert.equal(record.readOnly, true);
});

test('a failed call is recorded with its error and without a response', () => {
  const record = eventRecord({
    ...call,
    error: { code: 'NotFoundException', message: `Key '${keyArn}' does not exist` },
  });
  assert.equal(record.errorCode, 'NotFoundException');
  assert.equal(record.errorMessage, `Key '${keyArn}' does not exist`);
  assert.equal(record.responseElements, null);
});

test('a call without parameters is recorded with null parameters', () => {
  assert.equal(eventRecord({ ...call, requestParameters: {} }).requestParameters, null);
});

test('long strings are truncated to 1 KiB at a character boundary', () => {
  const record = eventRecord({
    ...call,
    userAgent: 'é'.repeat(600),
  });
  assert.equal(record.userAgent, 'é'.repeat(512));
  assert.equal(eventRecord({ ...call, userAgent: `x${'é'.repeat(600)}` }).userAgent?.length, 512);
});

test('an action that a service starts itself is recorded as a service event without a request', () => {
  const record = serviceEventRecord({
    eventId: '22222222-2222-4222-8222-222222222222',
    region: 'us-west-2',
    accountId: '111122223333',
    atMs: 0,
    eventSource: 'kms.amazonaws.com',
    eventName: 'DeleteKey',
    resources: [{ arn: keyArn, type: 'AWS::KMS::Key', accountId: '111122223333' }],
    details: { keyId: keyArn },
  });
  assert.deepEqual(record.userIdentity, { accountId: '111122223333', invokedBy: 'AWS Internal' });
  assert.equal(record.eventType, 'AwsServiceEvent');
  assert.deepEqual(record.serviceEventDetails, { keyId: keyArn });
  assert.equal('requestID' in record, false);
});

test('events of IAM have the region us-east-1, and those of other services the own region', () => {
  assert.equal(eventRecord({ ...call, eventSource: 'iam.amazonaws.com' }).awsRegion, 'us-east-1');
  assert.equal(eventRecord(call).awsRegion, 'us-west-2');
});

test('the root user is recorded with the alias of the account as its name', () => {
  assert.equal(eventRecord(call, 'example').userIdentity.userName, 'example');
  assert.equal('userName' in eventRecord(call).userIdentity, false);
});

test('a federated user is recorded with the user that issued the session', () => {
  const { userIdentity } = eventRecord({
    ...call,
    caller: {
      type: 'federated-user',
      accountId: '111122223333',
      arn: 'arn:aws:sts::111122223333:federated-user/bob',
      principalId: '111122223333:bob',
      accessKeyId: 'ASIAEXAMPLE',
      temporary: {
        issuedMs: Date.UTC(2026, 10, 23, 20),
        issuerArn: 'arn:aws:iam::111122223333:user/path/alice',
        issuerId: 'AIDAALICE',
      },
    },
  });
  assert.deepEqual(userIdentity.sessionContext, {
    sessionIssuer: {
      type: 'IAMUser',
      principalId: 'AIDAALICE',
      arn: 'arn:aws:iam::111122223333:user/path/alice',
      accountId: '111122223333',
      userName: 'alice',
    },
    webIdFederationData: {},
    attributes: { creationDate: '2026-11-23T20:00:00Z', mfaAuthenticated: 'false' },
  });
});

test('credentials of a console sign-in are recorded as such, and no others', () => {
  const temporary = { issuedMs: 0 };
  const fromConsole = { ...root, temporary: { ...temporary, isFromConsole: true } };
  assert.equal(eventRecord({ ...call, caller: fromConsole }).sessionCredentialFromConsole, 'true');
  const other = eventRecord({ ...call, caller: { ...root, temporary } });
  assert.equal('sessionCredentialFromConsole' in other, false);
});

test('a data event states its category', () => {
  const record = eventRecord({ ...call, isDataEvent: true });
  assert.deepEqual([record.eventCategory, record.managementEvent], ['Data', false]);
});
