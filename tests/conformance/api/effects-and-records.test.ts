import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { EventRecord } from '../../../src/audit/record.ts';
import { parseLine, serviceTimeline, trailTimeline } from '../../../src/audit/trail.ts';
import type { TrailRecord } from '../../../src/audit/trails/trail-record.ts';
import type { TrailsChange } from '../../../src/audit/trails/trails.ts';
import type { Entry } from '../../../src/storage/journal.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { isLong } from '../../support/proof.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// A process that ends at any write of a call leaves its effect with its record, or neither.

type Json = Record<string, unknown>;

/** A change, and what must be there for it. */
interface Act {
  /** The name of the event. */
  readonly name: string;
  /** Makes what the change needs, and returns how to make the change. */
  readonly prepare: (plane: ControlPlane) => Promise<(plane: ControlPlane) => Promise<unknown>>;
  /** Long runs only: the act needs a broker, whose password takes a tenth of a second. */
  readonly isSlow?: boolean;
  /** Further events, each with an effect of its own, of which some may remain without the others. */
  readonly further?: readonly string[];
}

async function done(plane: ControlPlane, name: string, of: string, input: Json): Promise<Json> {
  const { status, body } = await signedCall(plane, serviceNamed(plane, of), name, input);
  assert.ok(status < 300, `${name}: ${body}`);
  return body.startsWith('{') ? (JSON.parse(body) as Json) : { body };
}

/** An act that is a call of a service. */
const calling =
  (of: string) =>
  (
    name: string,
    prepare: (plane: ControlPlane) => Promise<Json>,
    more: Pick<Act, 'isSlow' | 'further'> = {},
  ): Act => ({
    name,
    prepare: async (plane) => {
      const input = await prepare(plane);
      return (own) => done(own, name, of, input);
    },
    ...more,
  });

const day = 24 * 3600 * 1000;
const anna = `arn:aws:iam::${accountId}:user/anna`;
const everything = { Effect: 'Allow', Action: '*', Resource: '*' };
const policy = JSON.stringify({ Version: '2012-10-17', Statement: everything });
const keyPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    ...everything,
    Action: 'kms:*',
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  },
});
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: 'sts:AssumeRole',
  },
});

const withNothing = async () => ({});

type Step = readonly [name: string, input: Json];

/** A key, changed by further calls of KMS. */
const withKey =
  (...steps: readonly Step[]) =>
  async (plane: ControlPlane, more: Json = {}): Promise<Json> => {
    const { KeyMetadata } = await done(plane, 'CreateKey', 'kms', {});
    const { KeyId } = KeyMetadata as Json;
    for (const [name, input] of steps) {
      await done(plane, name, 'kms', name.endsWith('Alias') ? input : { KeyId, ...input });
    }
    return { KeyId, ...more };
  };

async function withGrant(plane: ControlPlane): Promise<Json> {
  const { KeyId } = await withUserAndKey(plane);
  const grant = { KeyId, GranteePrincipal: anna, Operations: ['Decrypt'] };
  const { GrantId } = await done(plane, 'CreateGrant', 'kms', grant);
  return { KeyId, GrantId };
}

async function withUserAndKey(plane: ControlPlane): Promise<Json> {
  await withUser(plane);
  return withKey()(plane);
}

async function withUser(plane: ControlPlane): Promise<Json> {
  await done(plane, 'CreateUser', 'iam', { UserName: 'anna' });
  return { UserName: 'anna' };
}

const aTrail = { Name: 'all', S3BucketName: 'logs', EnableLogFileValidation: true };
const withTrail =
  (...steps: readonly string[]) =>
  async (plane: ControlPlane): Promise<Json> => {
    await done(plane, 'CreateTrail', 'cloudtrail', aTrail);
    for (const name of steps) await done(plane, name, 'cloudtrail', { Name: 'all' });
    return { Name: 'all' };
  };

const aBroker = {
  brokerName: 'orders',
  engineType: 'RABBITMQ',
  deploymentMode: 'SINGLE_INSTANCE',
  hostInstanceType: 'mq.m7g.medium',
  publiclyAccessible: false,
  users: [{ username: 'admin', password: 'correct-horse-battery' }],
};
async function withBroker(plane: ControlPlane): Promise<string> {
  const { brokerId } = await done(plane, 'CreateBroker', 'mq', aBroker);
  await plane.settled();
  return String(brokerId);
}

/** What the service does by itself when it is due. */
const due = (name: string, ms: number, steps: readonly Step[]): Act => ({
  name,
  prepare: async (plane) => {
    await withKey(...steps)(plane);
    return (own) => own.advance(ms);
  },
});

const kms = calling('kms');
const iam = calling('iam');
const trail = calling('cloudtrail');
const mq = calling('mq');
const alias = (plane: ControlPlane) =>
  withKey()(plane).then(({ KeyId }) => ({ AliasName: 'alias/a', TargetKeyId: KeyId }));
async function withAlias(plane: ControlPlane): Promise<Json> {
  const input = await alias(plane);
  await done(plane, 'CreateAlias', 'kms', input);
  return { AliasName: 'alias/a' };
}
const tags = [{ TagKey: 'a', TagValue: 'b' }];

const acts: readonly Act[] = [
  kms('CreateKey', withNothing),
  kms('CreateGrant', async (plane) => ({
    ...(await withUserAndKey(plane)),
    GranteePrincipal: anna,
    Operations: ['Decrypt'],
  })),
  kms('ScheduleKeyDeletion', withKey()),
  due('DeleteKey', 31 * day, [['ScheduleKeyDeletion', {}]]),
  kms('RetireGrant', withGrant),
  kms('RevokeGrant', withGrant),
  kms('CreateAlias', alias),
  kms('UpdateAlias', async (plane) => ({
    ...(await withAlias(plane)),
    TargetKeyId: (await withKey()(plane))['KeyId'],
  })),
  kms('DeleteAlias', withAlias),
  kms('DisableKey', withKey()),
  kms('EnableKey', withKey(['DisableKey', {}])),
  kms('CancelKeyDeletion', withKey(['ScheduleKeyDeletion', {}])),
  kms('EnableKeyRotation', withKey()),
  kms('DisableKeyRotation', withKey(['EnableKeyRotation', {}])),
  kms('RotateKeyOnDemand', withKey()),
  due('RotateKey', 366 * day, [['EnableKeyRotation', {}]]),
  kms('PutKeyPolicy', (plane) => withKey()(plane, { Policy: keyPolicy })),
  kms('TagResource', (plane) => withKey()(plane, { Tags: tags })),
  kms('UntagResource', (plane) =>
    withKey(['TagResource', { Tags: tags }])(plane, { TagKeys: ['a'] }),
  ),
  kms('UpdateKeyDescription', (plane) => withKey()(plane, { Description: 'd' })),
  iam('CreateUser', async () => ({ UserName: 'anna' })),
  iam('DeleteUser', withUser),
  iam('CreateAccessKey', withUser),
  iam('PutUserPolicy', async (plane) => ({
    ...(await withUser(plane)),
    PolicyName: 'all',
    PolicyDocument: policy,
  })),
  iam('CreateRole', async () => ({ RoleName: 'ops', AssumeRolePolicyDocument: trust })),
  iam('CreatePolicy', async () => ({ PolicyName: 'all', PolicyDocument: policy })),
  iam('CreateAccountAlias', async () => ({ AccountAlias: 'birds' })),
  iam('CreateVirtualMFADevice', async () => ({ VirtualMFADeviceName: 'phone' })),
  trail('CreateTrail', async () => aTrail),
  trail('StartLogging', withTrail()),
  trail('StopLogging', withTrail('StartLogging')),
  trail('UpdateTrail', async (plane) => ({ ...(await withTrail()(plane)), S3BucketName: 'more' })),
  trail('UpdateTrail', async (plane) => ({
    ...(await withTrail('StartLogging')(plane)),
    S3BucketName: 'more',
  })),
  trail('DeleteTrail', withTrail()),
  trail('DeleteTrail', withTrail('StartLogging')),
  mq('CreateConfiguration', async () => ({
    engineType: 'RABBITMQ',
    engineVersion: '3.13',
    name: 'c',
  })),
  mq('CreateBroker', async () => aBroker, {
    isSlow: true,
    // The service-owned key is created with the first broker that needs it.
    further: ['CreateServiceLinkedRole', 'CreateKey', 'CreateGrant'],
  }),
  mq(
    'CreateBroker',
    async (plane) => ({
      ...aBroker,
      encryptionOptions: {
        useAwsOwnedKey: false,
        kmsKeyId: (await withKey()(plane))['KeyId'],
      },
    }),
    { isSlow: true, further: ['CreateServiceLinkedRole', 'CreateGrant'] },
  ),
  mq(
    'UpdateBroker',
    async (plane) => ({
      brokerId: await withBroker(plane),
      securityGroups: ['sg-1'],
    }),
    { isSlow: true },
  ),
  mq('DeleteBroker', async (plane) => ({ brokerId: await withBroker(plane) }), {
    isSlow: true,
    // The grants of its volume on the service-owned key.
    further: ['RetireGrant'],
  }),
];

/** Journals that have no effects of calls: the hash chains, and where older events are. */
const withoutEffects = /-chain$|^audit-archives$/;
/** Last uses, which accompany any call. */
const uses = ['key-use', 'role-use', 'use-tracking'];
/** What the service changes in the record of a broker by itself. */
const ofService = ['state', 'volumes', 'ports', 'grants', 'action', 'keyChange', 'formerKeys'];
/** The account's trail, and that of the service, which has the calls on service-owned keys. */
const timelines = [trailTimeline, serviceTimeline];

/** Everything that calls can change. */
function stateOf(plane: ControlPlane): string {
  const journals = plane.journals.filter(({ name }) => !withoutEffects.test(name));
  const lines = journals.flatMap((journal) => {
    const changes = [...journal.snapshot()].filter(
      (change) => !uses.includes(String((change as Json)['put'])) && !isSigningKey(change),
    );
    return changes.map((change) => `${journal.name} ${JSON.stringify(visible(change))}`);
  });
  return lines.sort().join('\n');
}

function visible(change: object): object {
  if ('trail' in change) return withoutDelivery(change.trail as TrailRecord);
  if (!('created' in change)) return change;
  const shown = Object.entries(change.created as Json).filter(
    ([name]) => !ofService.includes(name),
  );
  return Object.fromEntries(shown);
}

/** A trail without how far its files are, which the service records by itself. */
function withoutDelivery({ delivery: _, ...trail }: TrailRecord): object {
  return trail;
}

async function eventsOf(plane: ControlPlane): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: false };
  for (const timeline of timelines) {
    for await (const { bytes } of plane.store.readTimeline(timeline, range)) {
      events.push(parseLine(bytes).event);
    }
  }
  return events;
}

/** Whether a change of the trails is not one that the delivery of files makes by itself. */
function isOfCall(plane: ControlPlane, change: TrailsChange): boolean {
  if (!('trail' in change)) return !isSigningKey(change);
  const known = plane.trails.get(change.trail.name);
  return !isDeepStrictEqual(withoutDelivery(change.trail), known && withoutDelivery(known));
}

function isSigningKey(change: object): boolean {
  return 'key' in change && 'fingerprint' in (change.key as Json);
}

/** Whether a batch changes something that calls can change, and has no event. */
function isUnrecorded(plane: ControlPlane, batch: readonly Entry[]): boolean {
  if (batch.some((entry) => 'timeline' in entry)) return false;
  return batch.some((entry) => {
    if (!('journal' in entry) || withoutEffects.test(entry.journal)) return false;
    if (entry.journal === plane.trails.name) return isOfCall(plane, entry.change as TrailsChange);
    // The supervisor records what it does with brokers in their records only.
    return entry.journal !== 'mq' || !('updated' in entry.change || 'removed' in entry.change);
  });
}

/** Ends the process at one of its writes. Returns whether the act had fewer. */
async function endAt(step: number, act: Act): Promise<boolean> {
  const machine = new Machine();
  const plane = await ControlPlane.inProcess(undefined, machine);
  const run = await act.prepare(plane);
  await plane.settled();
  const before = stateOf(plane);
  const known = new Set((await eventsOf(plane)).map(({ eventID }) => eventID));
  const unrecorded: (readonly Entry[])[] = [];
  plane.onCommit = (batch) => {
    if (isUnrecorded(plane, batch)) unrecorded.push(batch);
  };
  machine.endAt = machine.steps + step;
  await Promise.race([run(plane).then(() => plane.settled()), plane.ended]);
  const isOver = machine.steps < machine.endAt;
  machine.endAt = undefined;
  assert.deepEqual(unrecorded, []);
  await plane.kill();
  const next = await ControlPlane.inProcess(undefined, machine);
  await next.settled();
  const events = (await eventsOf(next)).filter(({ eventID }) => !known.has(eventID));
  const changes = events.filter((event) => !event.readOnly && event.errorCode === undefined);
  const names = changes.map(({ eventName }) => eventName);
  const isChanged = stateOf(next) !== before;
  const text = `${act.name} at write ${step}: ${isChanged ? 'changed' : 'unchanged'}, ${names}`;
  assert.equal(isChanged, names.length > 0, text);
  const others = names.filter((name) => name !== act.name && !act.further?.includes(name));
  assert.deepEqual(others, [], text);
  if (isOver) assert.ok(names.includes(act.name), text);
  await next.close();
  return isOver;
}

/** The short suite takes the calls with the most writes, and some others. */
const short = ['CreateKey', 'CreateGrant', 'ScheduleKeyDeletion', 'DeleteKey', 'CreateTrail'];
const tried = acts.filter(({ name, isSlow }) => isLong || (short.includes(name) && !isSlow));

for (const act of tried) {
  test(`a process that ends at any write of ${act.name} leaves an effect with its record, or neither`, async () => {
    let step = 1;
    while (!(await endAt(step, act))) step++;
    assert.ok(step >= 3, `${step} steps`);
  });
}
