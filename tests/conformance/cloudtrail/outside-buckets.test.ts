import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CreateTrailCommand,
  DeleteTrailCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import type { EventRecord } from '../../../src/audit/record.ts';
import { verifyTrailFiles } from '../../../src/audit/trails/verification.ts';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { S3Server } from '../../support/s3-server.ts';

// Files of trails in a bucket of an S3-compatible service that is not ours.

const hourMs = 3_600_000;

let server: S3Server;
let plane: ControlPlane;
before(async () => {
  server = await S3Server.start(['archive', 'second']);
  const machine = new Machine();
  machine.outsideBuckets = server.buckets(['archive', 'second', 'not-made']);
  plane = await ControlPlane.start(machine);
});
after(async () => {
  await plane.close();
  await server.remove();
});

async function create(Name: string, S3BucketName: string, more: object = {}): Promise<void> {
  const settings = { Name, S3BucketName, EnableLogFileValidation: true, ...more };
  await plane.trail.send(new CreateTrailCommand(settings));
  await plane.trail.send(new StartLoggingCommand({ Name }));
}

/** Performs the deliveries that are due after some time. */
async function deliver(afterMs = hourMs): Promise<void> {
  plane.machine.clock.advance(afterMs);
  plane.audit.delivery.tick(plane.machine.clock.nowMs());
  await plane.audit.delivery.idle();
}

const logFiles = (bucket: string) =>
  server.keys(bucket).filter((key) => key.includes('/CloudTrail/') && key.endsWith('.gz'));

/** The ids of all events in the log files of a bucket. */
function eventIds(bucket: string): string[] {
  return logFiles(bucket).flatMap((key) => {
    const { Records } = JSON.parse(gunzipSync(server.object(bucket, key).body).toString()) as {
      readonly Records: readonly EventRecord[];
    };
    return Records.map(({ eventID }) => eventID);
  });
}

test('files and digests are copied with their signatures, and the copies are valid', async () => {
  await create('all', 'archive', { S3KeyPrefix: 'audit/2026' });
  assert.deepEqual(server.keys('archive'), [`audit/2026/AWSLogs/${accountId}/CloudTrail/`]);
  for (let i = 0; i < 3; i++) {
    await plane.kms.send(new ListKeysCommand({}));
    await deliver();
  }
  assert.deepEqual(plane.deliveryFailures, []);
  const own: string[] = [];
  for await (const key of plane.audit.s3.objects.keys('archive')) own.push(key);
  const copied = server.keys('archive').filter((key) => key.endsWith('.gz'));
  assert.deepEqual(copied, own.sort());
  assert.equal(logFiles('archive').length, 3);
  const verdicts = verifyTrailFiles(
    {
      files: async function* () {
        for (const key of copied) yield { bucket: 'archive', key };
      },
      read: async ({ bucket, key }) => {
        const { body, headers } = server.object(bucket, key);
        assert.equal(headers['content-type'], 'application/json');
        assert.equal(headers['content-encoding'], 'gzip');
        const signature = headers['x-amz-meta-signature'] ?? '';
        const algorithm = headers['x-amz-meta-signature-algorithm'] ?? '';
        return { body, metadata: { signature, 'signature-algorithm': algorithm } };
      },
    },
    {
      publicKeys: plane.trails.keys().map(({ publicKey }) => Buffer.from(publicKey, 'base64')),
      noted: [],
      fromMs: 0,
    },
  );
  const found: Record<string, number> = {};
  for await (const { kind, state } of verdicts) {
    found[`${kind} ${state}`] = (found[`${kind} ${state}`] ?? 0) + 1;
  }
  assert.deepEqual(found, { 'digest valid': 3, 'log valid': 3 });
  await plane.trail.send(new DeleteTrailCommand({ Name: 'all' }));
});

test('a bucket that is missing or does not take files is refused, and so is a KMS key', async () => {
  await assert.rejects(create('none', 'not-made'), { name: 'S3BucketDoesNotExistException' });
  const KmsKeyId = await createKey(plane);
  const policy = { name: 'InsufficientEncryptionPolicyException' };
  await assert.rejects(create('sealed', 'archive', { KmsKeyId }), policy);
  const wrong = { accessKeyId: 'S3RVER', secretAccessKey: 'x' };
  const machine = new Machine();
  machine.outsideBuckets = server.buckets(['archive'], wrong);
  const other = await ControlPlane.start(machine);
  const input = { Name: 'refused', S3BucketName: 'archive' };
  await assert.rejects(other.trail.send(new CreateTrailCommand(input)), {
    name: 'InsufficientS3BucketPolicyException',
    message: /answered with status 403 SignatureDoesNotMatch/,
  });
  assert.equal(other.trails.all().length, 0);
  await other.close();
});

test('while the bucket is away, calls continue, and every event arrives once afterwards', async () => {
  await create('later', 'second');
  const known = eventIds('second');
  await server.stop();
  for (let i = 0; i < 3; i++) {
    await plane.kms.send(new ListKeysCommand({}));
    await deliver();
  }
  const status = await plane.trail.send(new GetTrailStatusCommand({ Name: 'later' }));
  assert.match(status.LatestDeliveryError ?? '', /bucket second cannot be reached/);
  const attempts = plane.deliveryFailures.length;
  await deliver(59_000);
  assert.equal(plane.deliveryFailures.length, attempts, 'it is repeated after a minute');
  await assert.rejects(
    plane.trail.send(new UpdateTrailCommand({ Name: 'later', S3KeyPrefix: 'x' })),
    { name: 'InsufficientS3BucketPolicyException' },
  );
  await server.start();
  await deliver();
  const after = await plane.trail.send(new GetTrailStatusCommand({ Name: 'later' }));
  assert.equal(after.LatestDeliveryError, undefined);
  const ids = eventIds('second');
  assert.equal(new Set(ids).size, ids.length, 'no event is there twice');
  assert.ok(ids.length >= known.length + 3, `${ids.length} events`);
});

test('a process that ends between the two copies leaves no second file', async () => {
  const { machine } = plane;
  const outside = machine.outsideBuckets;
  let isStuck = () => {};
  const stuck = new Promise<void>((resolve) => {
    isStuck = resolve;
  });
  // The next process stores its own file, and ends before the other service has answered.
  machine.outsideBuckets = {
    has: () => true,
    put: () => {
      isStuck();
      return new Promise(() => {});
    },
  };
  plane = await plane.restart();
  await plane.kms.send(new ListKeysCommand({}));
  machine.clock.advance(hourMs);
  plane.audit.delivery.tick(machine.clock.nowMs());
  await stuck;
  const before = logFiles('second');
  machine.outsideBuckets = outside;
  plane = await plane.restart();
  await deliver();
  const own: string[] = [];
  for await (const key of plane.audit.s3.objects.keys('second')) own.push(key);
  assert.deepEqual(
    server.keys('second').filter((key) => key.endsWith('.gz')),
    own.sort(),
  );
  assert.ok(logFiles('second').length > before.length);
  const ids = eventIds('second');
  assert.equal(new Set(ids).size, ids.length);
});
