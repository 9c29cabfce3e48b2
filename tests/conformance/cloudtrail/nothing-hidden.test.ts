import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '../../../src/audit/record.ts';
import { eventBytesMax } from '../../../src/audit/record.ts';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import type { Operation, Service } from '../../../src/aws/service.ts';
import type { Shape } from '../../../src/aws/shapes/shape.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { largest, requestFor } from '../../support/shape-requests.ts';
import { signRequest } from '../../support/sign-request.ts';

// An event states who requested what, regardless of the size of the call.

type Json = Record<string, unknown>;

const plane = await ControlPlane.inProcess();
const rootArn = `arn:aws:iam::${accountId}:root`;

async function call(serviceName: string, name: string, input: Json) {
  const service = plane.services.find((each) => each.name === serviceName) as Service;
  const operation = service.operations[name] as Operation<unknown, unknown>;
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: serviceName, atMs };
  const plain = requestFor(service, name, operation, input);
  const { status, headers, body } = await plane.answer(await signRequest(plain, signing));
  const { event, bytes } = await eventOf(headers['x-amzn-RequestId'] ?? '');
  assert.ok(bytes <= eventBytesMax, `an event of ${bytes} bytes`);
  return { status, output: body.startsWith('{') ? (JSON.parse(body) as Json) : {}, event };
}

async function eventOf(requestId: string): Promise<{ event: EventRecord; bytes: number }> {
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: true };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    if (event.requestID === requestId) {
      return { event, bytes: Buffer.byteLength(JSON.stringify(event)) };
    }
  }
  return assert.fail(`no event of ${requestId}`);
}

/** A member as the trail names it. */
function recordedName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Members of an input that the trail shows, by their names in it. */
function shownMembers(shape: Shape<unknown>): readonly (readonly [string, Shape<unknown>])[] {
  const { node } = shape;
  const members = node.kind === 'structure' ? Object.entries(node.members) : [];
  const isShown = ([, each]: readonly [string, Shape<unknown>]) =>
    each.redaction !== '' && each.node.kind !== 'blob' && !isListOfNothing(each);
  return members.filter(isShown).map(([name, each]) => [recordedName(name), each] as const);
}

/** Whether a member is a list of structures that have no members, which are refused. */
function isListOfNothing({ node }: Shape<unknown>): boolean {
  if (node.kind !== 'list' || node.of.node.kind !== 'structure') return false;
  return Object.keys(node.of.node.members).length === 0;
}

/**
 * Operations whose largest input is larger than a body may be, or has more parameters than a form may
 * have. Such a request is refused before it is parsed, whoever sends it.
 */
const beyondBodies = new Set([
  'SimulateCustomPolicy',
  'SimulatePrincipalPolicy',
  'PutEventSelectors',
  'GetMetricData',
]);

/** Texts of up to this size in JSON with an effect are never truncated. */
const shortBytesMax = 512;

/** Services whose callers sign nothing. Calls that are refused before a proof leave no event. */
const unsigned = new Set(['sso-oauth', 'awsssoportal']);

for (const service of plane.services) {
  if (unsigned.has(service.name)) continue;
  for (const [name, { input: shape }] of Object.entries(service.operations)) {
    // A grant token names what is retired, and must not be shown.
    if (name === 'RetireGrant' || beyondBodies.has(name)) continue;
    test(`the event of the largest ${service.name} ${name} contains every member`, async () => {
      const input = largest(shape as Shape<unknown>) as Json;
      const { event } = await call(service.name, name, input);
      const parameters = (event.requestParameters ?? {}) as Json;
      for (const [member, { node, redaction }] of shownMembers(shape as Shape<unknown>)) {
        const found = parameters[member];
        assert.notEqual(found, undefined, member);
        if (redaction !== undefined) continue;
        const given = Object.entries(input).find(([each]) => recordedName(each) === member)?.[1];
        const isShort = Buffer.byteLength(JSON.stringify(given)) <= shortBytesMax;
        const isSimple = ['string', 'integer', 'boolean', 'enumeration'].includes(node.kind);
        if (isSimple && isShort) assert.deepEqual(found, given, member);
        if (node.kind === 'list' && isShort) assert.deepEqual(found, given, member);
      }
    });
  }
}

async function newKeyId(): Promise<string> {
  const { output } = await call('kms', 'CreateKey', {});
  return String((output['KeyMetadata'] as Json)['KeyId']);
}

test('the event of a key with the largest policy contains the whole policy', async () => {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: rootArn },
    Action: 'kms:*',
    Resource: '*',
  };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] }).padEnd(
    32_768,
    '\n',
  );
  const Tags = Array.from({ length: 50 }, (_, i) => {
    return { TagKey: `${'\u0001'.repeat(126)}${i}`, TagValue: '\u0001'.repeat(256) };
  });
  const input = { Policy: policy, Description: '\u0001'.repeat(8192), Tags };
  const { status, event } = await call('kms', 'CreateKey', input);
  assert.equal(status, 200);
  const { policy: recorded, description, tags } = event.requestParameters as Json;
  assert.equal(recorded, policy);
  assert.match(String(description), /… \[8192 bytes, SHA-256 [0-9a-f]{64}\]$/);
  assert.equal((tags as unknown[]).length, 50);
  assert.equal(typeof (event.responseElements as Json)['keyMetadata'], 'object');
});

test('the event of a grant with all possible members contains the whole grant', async () => {
  const KeyId = await newKeyId();
  const principal = (name: string) => `arn:aws:iam::999999999999:role/${name.repeat(224)}`;
  const Operations = ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'CreateGrant'];
  const pairs = Array.from({ length: 8 }, (_, i) => [
    `${'\u0001'.repeat(500)}${i}`,
    '\u0001'.repeat(384),
  ]);
  const input = {
    KeyId,
    GranteePrincipal: principal('g'),
    RetiringPrincipal: principal('r'),
    Operations,
    Name: 'n'.repeat(256),
    Constraints: { EncryptionContextSubset: Object.fromEntries(pairs) },
  };
  const { status, event } = await call('kms', 'CreateGrant', input);
  assert.equal(status, 200);
  const expected = {
    keyId: KeyId,
    granteePrincipal: input.GranteePrincipal,
    retiringPrincipal: input.RetiringPrincipal,
    operations: Operations,
    constraints: { encryptionContextSubset: Object.fromEntries(pairs) },
    name: input.Name,
  };
  assert.deepEqual(event.requestParameters, expected);
});

test('a grant with repeated operations is refused, and its event names the grantee', async () => {
  const KeyId = await newKeyId();
  const GranteePrincipal = 'arn:aws:iam::999999999999:root';
  const Operations = Array.from({ length: 11_000 }, () => 'Decrypt');
  const input = { KeyId, GranteePrincipal, Operations };
  const { status, event } = await call('kms', 'CreateGrant', input);
  assert.equal(status, 400);
  assert.equal(event.errorCode, 'ValidationException');
  const { keyId, granteePrincipal } = event.requestParameters as Json;
  assert.deepEqual([keyId, granteePrincipal], [KeyId, GranteePrincipal]);
  assert.equal(event.resources?.[0]?.ARN.endsWith(KeyId), true);
});

test('the event of a ReEncrypt contains both contexts in full, despite JSON escaping', async () => {
  const KeyId = await newKeyId();
  const context = (key: string) => ({ [key]: '\u0001'.repeat(8192 - 9) });
  const { output } = await call('kms', 'Encrypt', {
    KeyId,
    Plaintext: 'eA==',
    EncryptionContext: context('a'),
  });
  const { status, event } = await call('kms', 'ReEncrypt', {
    CiphertextBlob: output['CiphertextBlob'],
    SourceEncryptionContext: context('a'),
    DestinationKeyId: KeyId,
    DestinationEncryptionContext: context('b'),
  });
  assert.equal(status, 200);
  assert.deepEqual(event.requestParameters, {
    sourceEncryptionContext: context('a'),
    destinationKeyId: KeyId,
    destinationEncryptionContext: context('b'),
  });
});

test('a broker with padded groups is refused, and its event names the intended user', async () => {
  const { status, event } = await call('mq', 'CreateBroker', {
    brokerName: 'hidden',
    engineType: 'RABBITMQ',
    deploymentMode: 'SINGLE_INSTANCE',
    hostInstanceType: 'mq.m7g.medium',
    users: [{ username: 'spy', password: 'correct horse 9x', groups: ['x'.repeat(103_000)] }],
  });
  assert.equal(status, 400);
  const { brokerName, users } = event.requestParameters as Json;
  assert.equal(brokerName, 'hidden');
  assert.deepEqual(users, [
    { username: 'spy', password: '***', groups: (users as { groups: unknown }[])[0]?.groups },
  ]);
});

test('the event does not record a refused list or map as empty', async () => {
  const { keyMetadata } = (await call('kms', 'CreateKey', {})).event.responseElements as {
    keyMetadata: { keyId: string };
  };
  const grant = (changes: object) =>
    call('kms', 'CreateGrant', {
      KeyId: keyMetadata.keyId,
      GranteePrincipal: 'arn:aws:iam::999999999999:root',
      Operations: ['Decrypt'],
      ...changes,
    });
  const repeated = await grant({ Operations: new Array(11_000).fill('Decrypt') });
  assert.equal(repeated.status, 400);
  assert.equal((repeated.event.requestParameters as Json)['operations'], '… [11000 entries]');
  const pairs = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'v']));
  const wide = await grant({ Constraints: { EncryptionContextSubset: pairs } });
  assert.equal(wide.status, 400);
  assert.deepEqual((wide.event.requestParameters as Json)['constraints'], {
    encryptionContextSubset: '… [200 entries]',
  });
  const users = new Array(1001).fill({ username: 'spy', password: 'correct horse 9x' });
  const crowded = await call('mq', 'CreateBroker', { brokerName: 'hidden', users });
  assert.equal(crowded.status, 400);
  assert.equal((crowded.event.requestParameters as Json)['users'], '… [1001 entries]');
});
