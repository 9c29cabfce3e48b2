import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusService } from '../../../src/api/status/service.ts';
import { permissionsOf } from '../../../src/aws/pipeline/pipeline.ts';
import { NoPermission, type Service } from '../../../src/aws/service.ts';
import type { Shape } from '../../../src/aws/shapes/shape.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { CallContext } from '../../../src/calls/call-context.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import { findAction } from '../../../src/identity/actions/catalogue.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { allow, policyOf, principalsWith } from '../../support/principal-policies.ts';
import { smallest } from '../../support/shape-requests.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// No operation exists without a check: a user without rights is refused everything.

type Json = Record<string, unknown>;

const arn = `arn:aws:iam::${accountId}:user/nobody`;
const nobody: Caller = {
  type: 'user',
  accountId,
  arn,
  principalId: 'AIDANOBODY',
  userName: 'nobody',
};
const accessKeyId = 'AKIANOBODYNOBODY2222';
const secretAccessKey = 'secret-of-nobody-secret-of-nobody-secret';

const machine = new Machine();
machine.accessKeys.set(accessKeyId, { caller: nobody, secret: () => new Secret(secretAccessKey) });
const plane = await ControlPlane.inProcess(undefined, machine);

/** Operations that need no permission of policies, with the reason. */
const open: Readonly<Record<string, string>> = {
  'waxwing:GetHealth': 'the answer says only that the service runs',
  'waxwing:GetReadiness': 'the answer says only whether the service is ready',
  'waxwing:GetMetrics': 'the token for the metrics stands for a signature',
  'sts:GetCallerIdentity': 'AWS answers it to everyone who has signed it',
  'sts:AssumeRoleWithWebIdentity': 'the token of an OIDC provider stands for a signature',
  'sso-oauth:RegisterClient': 'a client registers before anybody can sign in',
  'sso-oauth:StartDeviceAuthorization': 'the secret of the client stands for a signature',
  'sso-oauth:CreateToken': 'the code that a person allowed stands for a signature',
  'sso:GetRoleCredentials': 'the access token of a sign-in stands for a signature',
  'sso:ListAccountRoles': 'the access token of a sign-in stands for a signature',
  'sso:ListAccounts': 'the access token of a sign-in stands for a signature',
  'sso:Logout': 'the access token of a sign-in stands for a signature',
};

/** Operations that everyone may call, unless a policy denies it. */
const given = ['sts:GetSessionToken'];

/** Operations that declare to need no permission, and decide by themselves. */
const decidedOtherwise = (action: string) => action === 'sts:AssumeRole';

const kms = serviceNamed(plane, 'kms');
const mq = serviceNamed(plane, 'mq');

const call = (service: Service, name: string, input: Json) =>
  signedCall(plane, service, name, input, { accessKeyId, secretAccessKey });

async function asRoot(service: Service, name: string, input: Json): Promise<Json> {
  const { status, body } = await signedCall(plane, service, name, input);
  assert.ok(status < 300, body);
  return body === '' ? {} : JSON.parse(body);
}

/** A key with an alias, a ciphertext and a grant, so that only rights are missing. */
async function existing(): Promise<Json> {
  const { KeyMetadata } = await asRoot(kms, 'CreateKey', {});
  const { Arn: KeyId } = KeyMetadata as Json;
  const Plaintext = Buffer.from('x').toString('base64');
  const { CiphertextBlob } = await asRoot(kms, 'Encrypt', { KeyId, Plaintext });
  await asRoot(kms, 'CreateAlias', { AliasName: 'alias/known', TargetKeyId: KeyId });
  const GranteePrincipal = `arn:aws:iam::${accountId}:user/other`;
  const { GrantId } = await asRoot(kms, 'CreateGrant', {
    KeyId,
    GranteePrincipal,
    Operations: ['Decrypt'],
  });
  const regions = { ReplicaRegion: 'eu-west-1', PrimaryRegion: 'eu-west-1' };
  const keys = { KeyId, TargetKeyId: KeyId, DestinationKeyId: KeyId, ...regions };
  return { ...keys, CiphertextBlob, GrantId, AliasName: 'alias/known', KeySpec: 'AES_256' };
}

const known = await existing();

/** Members that are not required by the shape, but by the operation. */
const needed: Readonly<Record<string, readonly string[]>> = {
  Decrypt: ['CiphertextBlob'],
  ReEncrypt: ['CiphertextBlob'],
  GenerateDataKey: ['KeySpec'],
  GenerateDataKeyWithoutPlaintext: ['KeySpec'],
  RetireGrant: ['KeyId', 'GrantId'],
};

function inputOf(service: Service, name: string): Json {
  const shape = service.operations[name]?.input;
  assert.ok(shape !== undefined);
  const input = smallest(shape) as Json;
  if (service.name !== 'kms') return input;
  const members = [...Object.keys(input), ...(needed[name] ?? [])];
  const right = members.filter((member) => member in known);
  return { ...input, ...Object.fromEntries(right.map((member) => [member, known[member]])) };
}

/** How each wire tells that the caller has no right. */
const refusals: Readonly<Record<string, readonly [status: number, code: string]>> = {
  'json-1.1': [400, 'AccessDeniedException'],
  'rest-json': [403, 'ForbiddenException'],
  'rest-xml': [403, 'AccessDenied'],
  query: [403, 'AccessDenied'],
};

for (const service of plane.services) {
  for (const [name, { action }] of Object.entries(service.operations)) {
    if (action in open || given.includes(action)) continue;
    test(`${action} is denied to a user without permissions, and the attempt is recorded`, async () => {
      const { status, body, event } = await call(service, name, inputOf(service, name));
      const [expectedStatus, code] = refusals[service.wires[0]] ?? [];
      assert.deepEqual([status, event.errorCode], [expectedStatus, code], body);
      assert.match(body, /User: .*:user\/nobody is not authorized to perform: /);
      assert.match(
        event.errorMessage ?? '',
        /^User: .*:user\/nobody is not authorized to perform: /,
      );
      assert.deepEqual([event.eventName, event.userIdentity.arn], [name, arn]);
      assert.equal(event.userIdentity.type, 'IAMUser');
      assert.equal(event.responseElements, null);
    });
  }
}

const statusOnly = statusService(
  () => assert.fail(),
  () => true,
);
const operations = [...plane.services, statusOnly].flatMap((service) =>
  Object.entries(service.operations).map(([name, operation]) => ({ service, name, operation })),
);

test('only operations with a stated reason declare to need no permission', () => {
  const declared = operations
    .filter(({ operation }) => operation.permissions instanceof NoPermission)
    .map(({ operation }) => operation.action)
    .filter((action) => !(action.startsWith('kms:') || decidedOtherwise(action)));
  assert.deepEqual(declared.sort(), Object.keys(open).sort());
});

test('operations without a signature declare to need no permission', () => {
  const unsigned = operations.filter(
    ({ operation: { authentication = 'signature', permissions } }) => {
      return authentication !== 'signature' && !(permissions instanceof NoPermission);
    },
  );
  assert.deepEqual(unsigned, []);
});

const context: CallContext = {
  caller: nobody,
  invokedBy: undefined,
  requestId: 'r',
  eventId: 'e',
  region: 'us-west-2',
  accountId,
  sourceIp: '192.0.2.1',
  userAgent: 'test',
  nowMs: 0,
};

/** An input with all members, whose lists and maps are empty. */
function emptied({ node }: Shape<unknown>): Json {
  const members = node.kind === 'structure' ? Object.entries(node.members) : [];
  const values = members.map(([name, member]) => {
    const { kind } = member.node;
    if (kind === 'list') return [name, []];
    return [name, kind === 'map' || kind === 'structure' ? {} : smallest(member)];
  });
  return Object.fromEntries(values);
}

for (const { name, service, operation } of operations) {
  if (operation.permissions instanceof NoPermission) continue;
  test(`each input of ${operation.action} needs a permission`, () => {
    for (const input of [smallest(operation.input), emptied(operation.input)]) {
      const asked = permissionsOf({ operation }, input, context);
      assert.ok(!(asked instanceof NoPermission) && asked.length > 0, JSON.stringify(input));
      for (const { action, isGiven } of asked) {
        assert.ok(findAction(action) !== undefined, `${service.name}:${name} asks for ${action}`);
        assert.equal(isGiven ?? false, given.includes(operation.action), action);
      }
    }
  });
}

test('the action catalogue contains every action that an operation names', () => {
  const unknown = plane.services.flatMap(({ operations }) =>
    Object.values(operations)
      .map(({ action }) => action)
      // ReEncrypt is checked as ReEncryptFrom and ReEncryptTo.
      .filter((action) => action !== 'kms:ReEncrypt' && findAction(action) === undefined),
  );
  assert.deepEqual(unknown, []);
});

test('a policy allows exactly the operations that it names', async () => {
  const identity = [policyOf('identity', allow(['mq:ListBrokers', 'kms:ListKeys']))];
  machine.principals = principalsWith({ [arn]: { identity } });
  assert.equal((await call(mq, 'ListBrokers', {})).status, 200);
  assert.equal((await call(kms, 'ListKeys', {})).status, 200);
  assert.equal((await call(mq, 'ListConfigurations', {})).status, 403);
  assert.equal((await call(kms, 'ListAliases', {})).status, 400);
});

test('request tags and resource tags decide access if a policy uses them', async () => {
  const ofTeam = { StringEquals: { 'aws:RequestTag/team': 'orders' } };
  const onTeam = { StringEquals: { 'aws:ResourceTag/team': 'orders' } };
  const mayCreate = ['mq:CreateConfiguration', 'mq:CreateTags'];
  const identity = [
    policyOf(
      'identity',
      { ...allow(mayCreate), Condition: ofTeam },
      { ...allow('mq:DescribeConfiguration'), Condition: onTeam },
    ),
  ];
  machine.principals = principalsWith({ [arn]: { identity } });
  const create = (name: string, tags: Json) => {
    const engine = { engineType: 'RABBITMQ', engineVersion: '3.13' };
    return call(mq, 'CreateConfiguration', { name, ...engine, tags });
  };
  assert.equal((await create('a', { team: 'billing' })).status, 403);
  const { status, body } = await create('b', { team: 'orders' });
  assert.equal(status, 200, body);
  const configurationId = String(JSON.parse(body).id);
  assert.equal((await call(mq, 'DescribeConfiguration', { configurationId })).status, 200);
  const tagging = { resourceArn: String(JSON.parse(body).arn), tags: { team: 'billing' } };
  assert.equal((await call(mq, 'CreateTags', tagging)).status, 403);
  await asRoot(mq, 'CreateTags', tagging);
  assert.equal((await call(mq, 'DescribeConfiguration', { configurationId })).status, 403);
});
