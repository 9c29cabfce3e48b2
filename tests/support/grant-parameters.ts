// The request parameters in the events of the grants that Amazon MQ creates for a broker.

import assert from 'node:assert/strict';
import type { EventRecord } from '../../src/audit/record.ts';

/** The grant with which Amazon MQ uses the key on behalf of the requester. */
export const serviceGrant = (keyId: string) => ({
  granteePrincipal: 'mq.amazonaws.com',
  keyId,
  retiringPrincipal: 'mq.amazonaws.com',
  operations: [
    'CreateGrant',
    'Decrypt',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
    'DescribeKey',
  ],
});

/** The grant for a volume, which only opens that volume. */
export const volumeGrant = (keyId: string, volumeId: string, region: string) => ({
  granteePrincipal: 'mq.amazonaws.com',
  keyId,
  constraints: { encryptionContextSubset: { 'aws:ebs:id': volumeId } },
  operations: ['Decrypt'],
  retiringPrincipal: `ec2.${region}.amazonaws.com`,
});

/** The members of the event of a volume's grant that do not depend on the broker. */
export const volumeGrantEvent = {
  userIdentity: { type: 'AWSService', invokedBy: 'mq.amazonaws.com' },
  eventSource: 'kms.amazonaws.com',
  sourceIPAddress: 'mq.amazonaws.com',
  userAgent: 'mq.amazonaws.com',
} as const;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Takes out of the event of a grant what differs from call to call, once it is as it must be. */
export function stableGrantEvent(event: EventRecord | undefined, keyArn: string) {
  assert.ok(event);
  const { requestID = '', eventID, eventTime, responseElements, ...rest } = event;
  assert.match(requestID, uuid);
  assert.match(eventID, uuid);
  assert.match(eventTime, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const { grantId, ...response } = responseElements as Record<string, string>;
  assert.match(grantId ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(response, { keyId: keyArn });
  return rest;
}

/** The members that the events of all grants on a key have. */
export function grantEvent(keyArn: string, accountId: string, region: string) {
  return {
    eventVersion: '1.11',
    eventName: 'CreateGrant',
    awsRegion: region,
    readOnly: false,
    resources: [{ accountId, type: 'AWS::KMS::Key', ARN: keyArn }],
    eventType: 'AwsApiCall',
    apiVersion: '2014-11-01',
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: 'Management',
  };
}

/** The members of the event of a grant for Amazon MQ that the root user authorised. */
export function serviceGrantEvent(accountId: string, accessKeyId: string | undefined) {
  return {
    userIdentity: {
      type: 'Root',
      principalId: accountId,
      arn: `arn:aws:iam::${accountId}:root`,
      accountId,
      accessKeyId,
      invokedBy: 'mq.amazonaws.com',
    },
    eventSource: 'amazonmq.amazonaws.com',
    sourceIPAddress: '127.0.0.1',
  };
}

/** The operations of the grants for Amazon MQ on the key of a cluster. */
export const clusterGrantOperations = [
  [
    'CreateGrant',
    'Encrypt',
    'Decrypt',
    'ReEncryptFrom',
    'ReEncryptTo',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'DescribeKey',
  ],
  ['DescribeKey'],
] as const;
