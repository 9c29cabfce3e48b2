// Audit events like those of a busy installation.

import { type EventRecord, eventRecord } from '../../src/audit/record.ts';
import { systemRandom } from '../../src/base/random.ts';
import { SeededRandom } from '../../tests/support/seeded-random.ts';

const accountId = '111122223333';
const reads = ['Decrypt', 'GenerateDataKey', 'DescribeKey', 'ListKeys', 'DescribeBroker'];
const writes = ['CreateGrant', 'CreateBroker', 'RebootBroker'];
const userCount = 50;
const keyCount = 200;

/** Makes events of 50 users and 200 keys, one in 50 of which changes something. */
export class EventSource {
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** Makes an event of a time, milliseconds since 1970. */
  next(atMs: number): EventRecord {
    const { random } = this;
    const isWrite = random.oneIn(50);
    const user = `user-${random.below(userCount)}`;
    const key = `arn:aws:kms:us-east-1:${accountId}:key/${1000 + random.below(keyCount)}`;
    return eventRecord({
      caller: {
        type: 'user',
        accountId,
        arn: `arn:aws:iam::${accountId}:user/${user}`,
        principalId: `AIDA${user}`,
        userName: user,
        accessKeyId: `AKIA${user}`,
      },
      invokedBy: undefined,
      requestId: systemRandom.uuid(),
      eventId: systemRandom.uuid(),
      region: 'us-east-1',
      accountId,
      sourceIp: `10.0.${random.below(8)}.${random.below(250)}`,
      userAgent: 'aws-sdk-js/3.1137.0 ua/2.1 os/linux lang/js md/nodejs#20.19.0 api/kms',
      atMs,
      eventSource: random.oneIn(5) ? 'amazonmq.amazonaws.com' : 'kms.amazonaws.com',
      eventName: random.pick(isWrite ? writes : reads),
      apiVersion: '2014-11-01',
      readOnly: !isWrite,
      requestParameters: { keyId: key, encryptionContext: { tenant: `t-${random.below(1000)}` } },
      responseElements: null,
      resources: [{ arn: key, type: 'AWS::KMS::Key', accountId }],
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', host: 'localhost:8443' },
    });
  }
}
