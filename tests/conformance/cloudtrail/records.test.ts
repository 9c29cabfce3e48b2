import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  CreateUserCommand,
  DescribeBrokerCommand,
  MqClient,
  RebootBrokerCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import type { EventRecord } from '../../../src/audit/record.ts';
import {
  brokerRequest,
  createBroker,
  createKey,
  password,
  underKey,
} from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { eventsNamed, trailEvents } from '../../support/trail-events.ts';

const rootArn = `arn:aws:iam::${accountId}:root`;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let plane: ControlPlane;
let keyArn = '';
before(async () => {
  plane = await ControlPlane.start();
  keyArn = await createKey(plane);
});
after(() => plane.close());

/** The newest event of an operation. */
async function newest(name: string): Promise<EventRecord> {
  const event = (await eventsNamed(plane, name)).at(-1);
  assert.ok(event, `no event of ${name}`);
  return event;
}

test('a mutating call is recorded with all its members', async () => {
  const { KeyMetadata, $metadata } = await plane.kms.send(
    new CreateKeyCommand({ Description: 'd', Tags: [{ TagKey: 'team', TagValue: 'shop' }] }),
  );
  const { eventID, userIdentity, userAgent = '', tlsDetails, ...event } = await newest('CreateKey');
  assert.match(eventID, uuid);
  const { accessKeyId = '', ...identity } = userIdentity;
  assert.equal(accessKeyId, plane.credentials.accessKeyId);
  assert.deepEqual(identity, {
    type: 'Root',
    principalId: accountId,
    arn: rootArn,
    accountId,
  });
  assert.match(userAgent, /^aws-sdk-js\/3\./);
  assert.deepEqual(tlsDetails, {
    tlsVersion: 'TLSv1.3',
    cipherSuite: 'TLS_AES_256_GCM_SHA384',
    clientProvidedHostHeader: plane.endpoint.url.slice('https://'.length),
  });
  const eventTime = `${new Date(plane.machine.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  assert.deepEqual(event, {
    eventVersion: '1.11',
    eventTime,
    eventSource: 'kms.amazonaws.com',
    eventName: 'CreateKey',
    awsRegion: region,
    sourceIPAddress: '127.0.0.1',
    requestParameters: { description: 'd', tags: [{ tagKey: 'team', tagValue: 'shop' }] },
    responseElements: {
      keyMetadata: {
        aWSAccountId: accountId,
        keyId: KeyMetadata?.KeyId,
        arn: KeyMetadata?.Arn,
        creationDate: KeyMetadata?.CreationDate?.toISOString(),
        enabled: true,
        description: 'd',
        keyUsage: 'ENCRYPT_DECRYPT',
        keyState: 'Enabled',
        origin: 'AWS_KMS',
        keyManager: 'CUSTOMER',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        keySpec: 'SYMMETRIC_DEFAULT',
        encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        multiRegion: false,
        currentKeyMaterialId: KeyMetadata?.CurrentKeyMaterialId,
      },
    },
    requestID: $metadata.requestId,
    readOnly: false,
    resources: [{ accountId, type: 'AWS::KMS::Key', ARN: KeyMetadata?.Arn }],
    eventType: 'AwsApiCall',
    apiVersion: '2014-11-01',
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: 'Management',
  });
});

test('a read-only call is recorded without its response', async () => {
  await plane.kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
  const described = await newest('DescribeKey');
  assert.deepEqual(described.requestParameters, { keyId: keyArn });
  assert.deepEqual([described.responseElements, described.readOnly], [null, true]);
  await plane.kms.send(new ListKeysCommand({}));
  const listed = await newest('ListKeys');
  assert.deepEqual([listed.requestParameters, listed.responseElements], [null, null]);
  assert.equal('resources' in listed, false);
});

test('events record how keys are used in clear text, but no plaintext', async () => {
  const text = Buffer.from('the very secret text');
  const EncryptionContext = { tenant: 'a' };
  const { CiphertextBlob } = await plane.kms.send(
    new EncryptCommand({ KeyId: keyArn, Plaintext: text, EncryptionContext }),
  );
  await plane.kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  await plane.kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: keyArn,
    }),
  );
  const made = await plane.kms.send(
    new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext }),
  );
  const encrypted = await newest('Encrypt');
  assert.deepEqual(encrypted.requestParameters, {
    keyId: keyArn,
    encryptionContext: EncryptionContext,
  });
  const decrypted = await newest('Decrypt');
  assert.deepEqual(decrypted.requestParameters, { encryptionContext: EncryptionContext });
  assert.equal(decrypted.resources?.[0]?.ARN, keyArn, 'the key that the ciphertext names');
  const moved = await newest('ReEncrypt');
  assert.deepEqual(moved.requestParameters, {
    sourceEncryptionContext: EncryptionContext,
    destinationKeyId: keyArn,
  });
  const dataKey = await newest('GenerateDataKey');
  assert.deepEqual(dataKey.requestParameters, {
    keyId: keyArn,
    encryptionContext: EncryptionContext,
    keySpec: 'AES_256',
  });
  for (const bytes of [text, CiphertextBlob, made.Plaintext, made.CiphertextBlob]) {
    assert.ok(bytes);
    for (const encoding of ['base64', 'hex', 'latin1'] as const) {
      assert.equal(plane.written.includes(Buffer.from(bytes).toString(encoding)), false);
    }
  }
});

test('no record contains grant tokens', async () => {
  const { GrantToken = '', GrantId } = await plane.kms.send(
    new CreateGrantCommand({
      KeyId: keyArn,
      GranteePrincipal: rootArn,
      Operations: ['Decrypt'],
      Name: 'once',
    }),
  );
  await plane.kms.send(new DescribeKeyCommand({ KeyId: keyArn, GrantTokens: [GrantToken] }));
  await plane.kms.send(new RetireGrantCommand({ GrantToken }));
  const created = await newest('CreateGrant');
  assert.deepEqual(created.requestParameters, {
    keyId: keyArn,
    granteePrincipal: rootArn,
    operations: ['Decrypt'],
    name: 'once',
  });
  assert.deepEqual(created.responseElements, { grantId: GrantId, keyId: keyArn });
  const retired = await newest('RetireGrant');
  assert.equal(retired.requestParameters, null);
  assert.deepEqual(retired.additionalEventData, { grantId: GrantId });
  assert.equal(plane.written.includes(GrantToken), false);
});

test('a password is masked in the trail and stored only as a hash', async () => {
  const BrokerId = await createBroker(plane);
  const { requestParameters, responseElements, resources } = await newest('CreateBroker');
  const { users } = requestParameters as { users: object };
  assert.deepEqual(users, [{ username: 'admin', password: '***' }]);
  const { arn } = plane.control.brokers.require(BrokerId);
  assert.deepEqual(responseElements, { brokerArn: arn, brokerId: BrokerId });
  assert.deepEqual(resources, [{ accountId, type: 'AWS::AmazonMQ::Broker', ARN: arn }]);
  const user = { BrokerId, Username: 'other', Password: password };
  const calls = {
    CreateUser: () => plane.mq.send(new CreateUserCommand(user)),
    UpdateUser: () => plane.mq.send(new UpdateUserCommand(user)),
  };
  for (const [name, send] of Object.entries(calls)) {
    await assert.rejects(send(), { name: 'BadRequestException' });
    const refused = await newest(name);
    assert.deepEqual(refused.requestParameters, {
      brokerId: BrokerId,
      username: 'other',
      password: '***',
    });
  }
  assert.equal(plane.written.includes(password), false);
  assert.match(plane.written, /"passwordHash":"pbkdf2-sha512\$/);
});

test('a call with invalid values is recorded with the reason and its parameters', async () => {
  const wrong = 'p:assword,with=signs';
  await assert.rejects(
    plane.mq.send(brokerRequest({ Users: [{ Username: 'admin', Password: wrong }] })),
  );
  const refused = await newest('CreateBroker');
  assert.equal(refused.errorCode, 'BadRequestException');
  assert.match(refused.errorMessage ?? '', /^The password must consist of printable ASCII/);
  assert.equal(refused.responseElements, null);
  await assert.rejects(plane.kms.send(new ListKeysCommand({ Limit: 0 })));
  const invalid = await newest('ListKeys');
  assert.equal(invalid.errorCode, 'ValidationException');
  assert.match(invalid.errorMessage ?? '', /'limit' failed to satisfy constraint/);
  assert.deepEqual(invalid.requestParameters, { limit: 0 });
  assert.equal(plane.written.includes(wrong), false);
});

const denials: readonly [what: string, errorCode: string, send: () => Promise<unknown>][] = [
  [
    'a key policy',
    'AccessDeniedException',
    async () => {
      const KeyId = await createKey(plane);
      const statement = {
        Effect: 'Allow',
        Principal: { AWS: rootArn },
        Action: 'kms:PutKeyPolicy',
        Resource: '*',
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
      return plane.kms.send(new DisableKeyCommand({ KeyId }));
    },
  ],
  [
    "a key's state",
    'KMSInvalidStateException',
    async () => {
      const KeyId = await createKey(plane);
      await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
      return plane.kms.send(new DisableKeyCommand({ KeyId }));
    },
  ],
  [
    'there being no such key',
    'NotFoundException',
    () => plane.kms.send(new DisableKeyCommand({ KeyId: 'alias/none' })),
  ],
];
for (const [what, errorCode, send] of denials) {
  test(`a call refused by ${what} is recorded with ${errorCode} and its target`, async () => {
    let told: { message?: string; $metadata?: { requestId?: string } } = {};
    await assert.rejects(send(), (error: typeof told) => {
      told = error;
      return true;
    });
    const event = await newest('DisableKey');
    assert.equal(event.errorCode, errorCode);
    assert.equal(event.errorMessage, told.message);
    assert.equal(event.requestID, told.$metadata?.requestId);
    assert.match((event.requestParameters as { keyId: string }).keyId, /./);
    assert.equal(event.responseElements, null);
  });
}

test('a lookup finds denied callers by the key or broker that they tried to use', async () => {
  const KeyId = await createKey(plane);
  const { CiphertextBlob } = await plane.kms.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }),
  );
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  const id = KeyId.slice(KeyId.lastIndexOf('/') + 1);
  const inVain = [
    plane.kms.send(new EncryptCommand({ KeyId: id, Plaintext: Buffer.from('x') })),
    plane.kms.send(new DecryptCommand({ CiphertextBlob })),
    plane.kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: keyArn })),
    plane.mq.send(brokerRequest(underKey(KeyId))),
  ];
  for (const call of inVain) await assert.rejects(call);
  const events = await trailEvents(plane, {
    LookupAttributes: [{ AttributeKey: 'ResourceName', AttributeValue: KeyId }],
  });
  const failed = events.filter(({ errorCode }) => errorCode === 'DisabledException');
  assert.deepEqual(failed.map(({ eventName }) => eventName).sort(), [
    'Decrypt',
    'Encrypt',
    'ReEncrypt',
  ]);
  const moved = failed.find(({ eventName }) => eventName === 'ReEncrypt');
  assert.deepEqual(moved?.resources?.map(({ ARN }) => ARN).sort(), [KeyId, keyArn].sort());
  const BrokerId = await createBroker(plane);
  const { arn } = plane.control.brokers.require(BrokerId);
  const update = new UpdateUserCommand({ BrokerId, Username: 'admin' });
  await assert.rejects(plane.mq.send(update));
  assert.equal((await newest('UpdateUser')).resources?.[0]?.ARN, arn);
});

test('a call to a broker that does not exist is recorded too', async () => {
  const BrokerId = 'b-00000000-0000-4000-8000-000000000000';
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })));
  const event = await newest('RebootBroker');
  assert.equal(event.eventSource, 'amazonmq.amazonaws.com');
  assert.deepEqual(event.requestParameters, { brokerId: BrokerId });
  assert.equal(event.errorCode, 'NotFoundException');
});

test('unsigned and wrongly signed calls are in the refusal log, not in the trail', async () => {
  const before = await trailEvents(plane);
  const { requestHandler } = plane.mq.config;
  const clock = { systemClockOffset: plane.mq.config.systemClockOffset };
  const { accessKeyId } = plane.credentials;
  const credentials = { accessKeyId, secretAccessKey: 'x'.repeat(40) };
  const options = { endpoint: plane.endpoint.url, region, credentials, requestHandler, ...clock };
  const unknownCaller = new MqClient({ ...options, maxAttempts: 1 });
  const BrokerId = 'b-00000000-0000-4000-8000-000000000000';
  await assert.rejects(unknownCaller.send(new DescribeBrokerCommand({ BrokerId })), {
    name: 'SignatureDoesNotMatch',
  });
  assert.equal(plane.refused.at(-1)?.action, 'mq:DescribeBroker');
  assert.equal(plane.refused.at(-1)?.code, 'SignatureDoesNotMatch');
  const events = await trailEvents(plane);
  // The look-up before is what has come since.
  assert.deepEqual(
    events.slice(before.length).map(({ eventName }) => eventName),
    Array.from({ length: events.length - before.length }, () => 'LookupEvents'),
  );
});

test('service calls on behalf of a caller name the service and the authorizing principal', async () => {
  await createBroker(plane, underKey(keyArn));
  const described = (await eventsNamed(plane, 'DescribeKey')).find(
    ({ userIdentity }) => userIdentity.type === 'Root' && userIdentity.invokedBy !== undefined,
  );
  assert.ok(described);
  assert.deepEqual(described.userIdentity, {
    type: 'Root',
    principalId: accountId,
    arn: rootArn,
    accountId,
    accessKeyId: plane.credentials.accessKeyId,
    invokedBy: 'mq.amazonaws.com',
  });
  assert.equal(described.sourceIPAddress, 'mq.amazonaws.com');
  assert.equal(described.userAgent, 'mq.amazonaws.com');
  assert.equal('tlsDetails' in described, false);
  const opened = await newest('Decrypt');
  assert.deepEqual(opened.userIdentity, { type: 'AWSService', invokedBy: 'mq.amazonaws.com' });
  assert.equal(opened.responseElements, null);
});

test('only the cross-account volume grant has a shared event id', async () => {
  const shared = (await trailEvents(plane)).filter((event) => 'sharedEventID' in event);
  assert.equal(shared.length, 1);
  assert.equal(shared[0]?.eventName, 'CreateGrant');
  assert.equal(shared[0]?.eventSource, 'kms.amazonaws.com');
  assert.match(shared[0]?.sharedEventID ?? '', uuid);
});

test('every event has a unique event id and request id', async () => {
  const events = await trailEvents(plane);
  const ids = new Set(events.map(({ eventID }) => eventID));
  const requests = new Set(events.map(({ requestID }) => requestID));
  assert.deepEqual([ids.size, requests.size], [events.length, events.length]);
});
