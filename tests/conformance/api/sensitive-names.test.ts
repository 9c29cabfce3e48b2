import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { EventRecord } from '../../../src/audit/record.ts';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import { findingsHeader } from '../../../src/aws/pipeline/text-inspection.ts';
import type { Operation, Service } from '../../../src/aws/service.ts';
import { freeTextOf } from '../../../src/aws/shapes/free-text.ts';
import type { Shape } from '../../../src/aws/shapes/shape.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { requestFor, smallest } from '../../support/shape-requests.ts';
import { signRequest } from '../../support/sign-request.ts';

// Names, descriptions and tags with personal or secret data, in every operation that stores one.

type Json = Record<string, unknown>;

/** A card number, which the patterns of all names permit. */
const card = '4111111111111111';
const plane = await ControlPlane.inProcess();
beforeEach(() => {
  plane.sensitiveNames = 'warn';
});

async function call(serviceName: string, name: string, input: Json) {
  const service = plane.services.find((each) => each.name === serviceName) as Service;
  const operation = service.operations[name] as Operation<unknown, unknown>;
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: serviceName, atMs };
  const plain = requestFor(service, name, operation, input);
  const response = await plane.answer(await signRequest(plain, signing));
  const event = await eventOf(response.headers['x-amzn-RequestId'] ?? '');
  return { ...response, event };
}

async function eventOf(requestId: string): Promise<EventRecord> {
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: true };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    if (event.requestID === requestId) return event;
  }
  return assert.fail(`no event of ${requestId}`);
}

/** Required members, and all with free text, which contains a card number. */
function filled(shape: Shape<unknown>): unknown {
  const { node, freeText } = shape;
  if (freeText !== undefined && node.kind === 'string') {
    return freeText.what === 'alias name' ? `alias/${card}` : card;
  }
  if (node.kind === 'list') return [filled(node.of)];
  if (node.kind === 'map') return { [String(filled(node.key))]: filled(node.value) };
  if (node.kind !== 'structure') return smallest(shape);
  const required = smallest(shape) as Json;
  const members = Object.entries(node.members)
    .filter(([name, member]) => name in required || hasFreeText(member))
    .map(([name, member]) => [name, hasFreeText(member) ? filled(member) : required[name]]);
  return Object.fromEntries(members);
}

function hasFreeText({ node, freeText }: Shape<unknown>): boolean {
  if (freeText !== undefined) return true;
  if (node.kind === 'list') return hasFreeText(node.of);
  if (node.kind === 'map') return hasFreeText(node.key) || hasFreeText(node.value);
  return node.kind === 'structure' && Object.values(node.members).some(hasFreeText);
}

/** The event as text, without ARNs: a resource is named in them as it is called. */
function withoutArns(event: EventRecord): string {
  return JSON.stringify(event).replaceAll(/arn:[^"]*/g, '');
}

/** The error code of each service for a value that is not permitted. */
const codes: Readonly<Record<string, string>> = {
  cloudtrail: 'ValidationException',
  logs: 'InvalidParameterException',
  kms: 'ValidationException',
  mq: 'BadRequestException',
  iam: 'ValidationError',
  'waxwing-administration': 'BadRequestException',
};

const declaring = plane.services.flatMap((service) =>
  Object.entries(service.operations)
    .filter(([, { input }]) => hasFreeText(input as Shape<unknown>))
    .map(([name, { input }]) => ({ service, name, shape: input as Shape<unknown> })),
);

for (const { service, name, shape } of declaring) {
  const input = filled(shape) as Json;
  const fields = new Set(freeTextOf(shape, input).map(({ what }) => what));
  const pairs = [...fields].map((field) => ({ field, kind: 'payment-card' }));

  test(`${service.name} ${name} records the kinds of sensitive data in its texts, not the data`, async () => {
    const { event } = await call(service.name, name, input);
    const { sensitiveNames } = event.additionalEventData as Json;
    assert.deepEqual(sensitiveNames, pairs);
    assert.ok(!withoutArns(event).includes(card), withoutArns(event));
  });

  test(`${service.name} ${name} is refused, naming the kinds of sensitive data in its texts`, async () => {
    plane.sensitiveNames = 'reject';
    const { status, body, headers, event } = await call(service.name, name, input);
    const code = codes[service.name];
    const found = headers['x-amzn-ErrorType'] ?? /<Code>(\w+)<\/Code>/.exec(body)?.[1];
    assert.deepEqual([status, found], [400, code]);
    for (const field of fields) assert.match(body, new RegExp(`payment-card in ${field}`));
    assert.ok(!body.includes(card));
    assert.deepEqual((event.additionalEventData as Json)['sensitiveNames'], pairs);
    assert.equal(event.errorCode, code);
    assert.ok(!withoutArns(event).includes(card), withoutArns(event));
  });
}

test('the inspected texts of these operations are declared', () => {
  const names = declaring.map(({ service, name }) => `${service.name}:${name}`).sort();
  assert.deepEqual(names, [
    'cloudtrail:AddTags',
    'cloudtrail:CreateTrail',
    'cloudtrail:PutEventSelectors',
    'cloudtrail:UpdateTrail',
    'iam:CreateGroup',
    'iam:CreateOpenIDConnectProvider',
    'iam:CreatePolicy',
    'iam:CreateRole',
    'iam:CreateServiceLinkedRole',
    'iam:CreateUser',
    'iam:CreateVirtualMFADevice',
    'iam:PutGroupPolicy',
    'iam:PutRolePolicy',
    'iam:PutUserPolicy',
    'iam:TagMFADevice',
    'iam:TagOpenIDConnectProvider',
    'iam:TagPolicy',
    'iam:TagRole',
    'iam:TagUser',
    'iam:UpdateGroup',
    'iam:UpdateRole',
    'iam:UpdateRoleDescription',
    'iam:UpdateUser',
    'kms:CreateAlias',
    'kms:CreateGrant',
    'kms:CreateKey',
    'kms:ImportKeyMaterial',
    'kms:ReplicateKey',
    'kms:TagResource',
    'kms:UpdateKeyDescription',
    'logs:CreateLogGroup',
    'logs:TagResource',
    'mq:CreateBroker',
    'mq:CreateConfiguration',
    'mq:CreateTags',
    'mq:CreateUser',
    'mq:UpdateConfiguration',
    'mq:UpdateUser',
    'waxwing-administration:BeginRestore',
  ]);
});

/** The members of an input with texts that are named like free text and are not declared. */
function undeclared({ node }: Shape<unknown>): string[] {
  if (node.kind !== 'structure') return [];
  return Object.entries(node.members)
    .filter(([name, member]) => hasUndeclared(member, name))
    .map(([name]) => name.charAt(0).toLowerCase() + name.slice(1));
}

function hasUndeclared({ node, freeText }: Shape<unknown>, path: string): boolean {
  if (freeText !== undefined) return false;
  if (node.kind === 'string') return /name|description|tag|group/i.test(path);
  if (node.kind === 'list') return hasUndeclared(node.of, path);
  if (node.kind === 'map') return hasUndeclared(node.key, path) || hasUndeclared(node.value, path);
  if (node.kind !== 'structure') return false;
  return Object.entries(node.members).some(([name, each]) =>
    hasUndeclared(each, `${path}.${name}`),
  );
}

/** Texts of changing operations that only refer to something, or are no free text. */
const references = new Set([
  'cloudtrail:CreateTrail snsTopicName',
  'cloudtrail:CreateTrail cloudWatchLogsLogGroupArn',
  'cloudtrail:UpdateTrail name',
  'cloudtrail:UpdateTrail snsTopicName',
  'cloudtrail:UpdateTrail cloudWatchLogsLogGroupArn',
  'cloudtrail:DeleteTrail name',
  'cloudtrail:StartLogging name',
  'cloudtrail:StopLogging name',
  'cloudtrail:PutEventSelectors trailName',
  'cloudtrail:PutInsightSelectors trailName',
  'cloudtrail:RemoveTags tagsList',
  'logs:PutRetentionPolicy logGroupName',
  'logs:DeleteRetentionPolicy logGroupName',
  'logs:DeleteLogGroup logGroupName',
  'logs:UntagResource tagKeys',
  'kms:CreateCustomKeyStore customKeyStoreName',
  'kms:CreateCustomKeyStore xksProxyVpcEndpointServiceName',
  'kms:UpdateCustomKeyStore newCustomKeyStoreName',
  'kms:UpdateCustomKeyStore xksProxyVpcEndpointServiceName',
  'kms:DeleteAlias aliasName',
  'kms:UpdateAlias aliasName',
  'kms:PutKeyPolicy policyName',
  'kms:UntagResource tagKeys',
  'mq:DeleteTags tagKeys',
  'mq:DeleteUser username',
  'mq:UpdateUser username',
  'mq:CreateBroker ldapServerMetadata',
  'mq:UpdateBroker ldapServerMetadata',
  'mq:UpdateBroker securityGroups',
  'mq:CreateBroker securityGroups',
  'iam:CreateServiceLinkedRole aWSServiceName',
  'sso-oauth:RegisterClient clientName',
]);

/** IAM's operations name what they change. Only those that create it store the name. */
const iamReference =
  /^iam:(?!Create(User|Group|Role|Policy) )\w+ (user|group|role|policy)Name$|^iam:Untag\w+ tagKeys$/;

test('every stored name, description, tag and group is declared', () => {
  const found = plane.services.flatMap((service) =>
    Object.entries(service.operations)
      .filter(([, { readOnly }]) => !readOnly)
      .flatMap(([name, { input }]) =>
        undeclared(input as Shape<unknown>).map((member) => `${service.name}:${name} ${member}`),
      ),
  );
  assert.deepEqual(
    found.filter((each) => !references.has(each) && !iamReference.test(each)),
    [],
  );
});

test('a response header warns the caller, and the call takes effect', async () => {
  const key = await call('kms', 'CreateKey', {
    Description: 'for anna.meier@example.com',
    Tags: [{ TagKey: 'phone', TagValue: '0171 2345678' }],
  });
  assert.equal(key.status, 200);
  assert.equal(key.headers[findingsHeader], 'email in description, phone in tag value');
  const { KeyMetadata } = JSON.parse(key.body);
  assert.equal(KeyMetadata.Description, 'for anna.meier@example.com');
  assert.ok(!JSON.stringify(key.event).includes('anna.meier'));
  assert.match(JSON.stringify(key.event.requestParameters), /"description":"\*\*\* \[email\]"/);
  const KeyId = KeyMetadata.KeyId;
  const plain = await call('kms', 'UpdateKeyDescription', { KeyId, Description: 'orders' });
  assert.equal(plain.headers[findingsHeader], undefined);
  assert.equal(plain.event.additionalEventData, undefined);
});

test('a refused call has no effect, and existing sensitive names can still be removed', async () => {
  const { body } = await call('kms', 'CreateKey', { Description: 'orders' });
  const { KeyId } = JSON.parse(body).KeyMetadata;
  const aliased = { AliasName: `alias/${card}`, TargetKeyId: KeyId };
  assert.equal((await call('kms', 'CreateAlias', aliased)).status, 200);
  const tags = [{ TagKey: card, TagValue: 'x' }];
  assert.equal((await call('kms', 'TagResource', { KeyId, Tags: tags })).status, 200);
  plane.sensitiveNames = 'reject';
  const refused = await call('kms', 'UpdateKeyDescription', {
    KeyId,
    Description: 'password=hunter2',
  });
  assert.equal(refused.status, 400);
  const described = await call('kms', 'DescribeKey', { KeyId });
  assert.equal(JSON.parse(described.body).KeyMetadata.Description, 'orders');
  assert.equal((await call('kms', 'UntagResource', { KeyId, TagKeys: [card] })).status, 200);
  assert.equal((await call('kms', 'DeleteAlias', { AliasName: `alias/${card}` })).status, 200);
});

test('a call with another validation error does not record its sensitive texts', async () => {
  const text = `anna.meier@example.com ${'x'.repeat(9000)}`;
  const { status, event } = await call('kms', 'CreateKey', { Description: text });
  assert.equal(status, 400);
  assert.ok(!JSON.stringify(event).includes('anna.meier'), event.errorMessage);
  const request = { brokerName: 'anna.meier@example.com', engineType: 'RabbitMQ' };
  const broker = await call('mq', 'CreateBroker', request);
  assert.equal(broker.status, 400);
  assert.ok(!JSON.stringify(broker.event).includes('anna.meier'), broker.event.errorMessage);
});

test('without inspection, calls are recorded unchanged', async () => {
  plane.sensitiveNames = 'off';
  const { headers, event } = await call('kms', 'CreateKey', { Description: 'a@example.com' });
  assert.equal(headers[findingsHeader], undefined);
  assert.match(JSON.stringify(event.requestParameters), /a@example\.com/);
});
