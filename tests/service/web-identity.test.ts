import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateRoleCommand,
  DisableOutboundWebIdentityFederationCommand,
  EnableOutboundWebIdentityFederationCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  GetWebIdentityTokenCommand,
  type GetWebIdentityTokenCommandInput,
  STSClient,
} from '@aws-sdk/client-sts';
import { AmqpClient } from '../support/amqp-client.ts';
import { credentialsOf, newUser, policyText, trust } from '../support/callers.ts';
import { createConfiguration, updateConfiguration } from '../support/configuration-requests.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// Clients that log in to a RabbitMQ broker with their role (IAM authentication of Amazon MQ).

let waxwing: Waxwing;
let iam: IAMClient;
/** The clients of the sessions of two roles. */
const sessions = new Map<string, STSClient>();
let host = '';

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const root = {
    accessKeyId: waxwing.environment['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: waxwing.environment['AWS_SECRET_ACCESS_KEY'] ?? '',
  };
  iam = new IAMClient(optionsOf(root));
  const { IssuerIdentifier = '' } = await iam.send(
    new EnableOutboundWebIdentityFederationCommand({}),
  );
  const owner = new STSClient(
    optionsOf(
      await newUser(iam, 'owner', {
        statements: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }],
      }),
    ),
  );
  const orders = await newSession(owner, 'orders');
  await newSession(owner, 'guests');
  owner.destroy();
  const { Id = '' } = await createConfiguration(waxwing, {
    EngineType: 'RABBITMQ',
    EngineVersion: '3.13',
  });
  await updateConfiguration(waxwing, Id, configuration(IssuerIdentifier, orders));
  const broker = await waxwing.createBroker({ Configuration: { Id, Revision: 2 } });
  host = new URL(await waxwing.brokerUrl(broker)).host;
});

after(async () => {
  for (const client of [iam, ...sessions.values()]) client?.destroy();
  await waxwing?.remove();
});

const configuration = (issuer: string, roleArn: string) => `auth_backends.1 = oauth2
auth_backends.2 = internal
auth_oauth2.resource_server_id = rabbitmq
auth_oauth2.issuer = ${issuer}
auth_oauth2.additional_scopes_key = sub
auth_oauth2.scope_aliases.1.alias = ${roleArn}
auth_oauth2.scope_aliases.1.scope = rabbitmq.configure:%2F/orders rabbitmq.write:%2F/orders rabbitmq.write:%2F/amq.default rabbitmq.read:%2F/orders
`;

function optionsOf(credentials: ReturnType<typeof credentialsOf>) {
  return {
    endpoint: waxwing.environment['AWS_ENDPOINT_URL'] ?? '',
    region: waxwing.environment['AWS_REGION'] ?? '',
    credentials,
    requestHandler: { httpsAgent: waxwing.agent },
    maxAttempts: 1,
  };
}

/** Creates a role that may get tokens, and assumes it. Returns the role's ARN. */
async function newSession(owner: STSClient, RoleName: string): Promise<string> {
  const account = /:(\d{12}):/.exec((await iam.send(roleOf(RoleName))).Role?.Arn ?? '')?.[1];
  const rights = { Effect: 'Allow', Action: 'sts:GetWebIdentityToken', Resource: '*' };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'tokens',
      PolicyDocument: policyText(rights),
    }),
  );
  const RoleArn = `arn:aws:iam::${account}:role/${RoleName}`;
  const { Credentials } = await owner.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'shift' }),
  );
  sessions.set(RoleName, new STSClient(optionsOf(credentialsOf(Credentials))));
  return RoleArn;
}

const roleOf = (RoleName: string) =>
  new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policyText(trust('*')) });

async function tokenOf(
  role: string,
  more: Partial<GetWebIdentityTokenCommandInput> = {},
): Promise<string> {
  const input = { Audience: ['rabbitmq'], SigningAlgorithm: 'ES384', ...more };
  const sts = sessions.get(role);
  const answer = await sts?.send(new GetWebIdentityTokenCommand(input));
  return answer?.WebIdentityToken ?? '';
}

/** Logs in with a token as the password. The user name is ignored. */
const logIn = (token: string) => AmqpClient.connect(`amqps://ignored:${token}@${host}`, waxwing.ca);

/** Waits until the broker has the key of a token. */
const accepted = (token: string) =>
  until(
    'a token is accepted',
    async () => {
      const client = await logIn(token).catch(() => undefined);
      await client?.close();
      return client !== undefined;
    },
    60_000,
  );

for (const SigningAlgorithm of ['ES384', 'RS256']) {
  test(`a session of a role logs in with a token (${SigningAlgorithm}), with the rights of its alias`, async () => {
    const client = await logIn(await tokenOf('orders', { SigningAlgorithm }));
    await client.publish('orders', ['one']);
    assert.deepEqual(await client.take('orders'), ['one']);
    const channel = await client.model.createChannel();
    channel.on('error', () => {}); // the same error rejects the call
    await assert.rejects(
      channel.assertQueue('other'),
      /configure access to queue 'other' in vhost '\/' refused for user 'arn:aws:iam::\d{12}:role\/orders'/,
    );
    await client.close();
  });
}

test('a token of a role without an alias, for another audience, or changed is refused', async () => {
  await assert.rejects(logIn(await tokenOf('guests')), /ConnectionClose|ACCESS_REFUSED/);
  await assert.rejects(logIn(await tokenOf('orders', { Audience: ['other'] })), /ACCESS_REFUSED/);
  const [head, , signature] = (await tokenOf('guests')).split('.');
  const [, payload] = (await tokenOf('orders')).split('.');
  await assert.rejects(logIn(`${head}.${payload}.${signature}`), /ACCESS_REFUSED/);
});

test('an expired token is refused, and closes its connection', {
  skip: isLong ? false : 'tokens live for a minute: only in long runs',
}, async () => {
  const token = await tokenOf('orders', { DurationSeconds: 60 });
  const client = await logIn(token);
  assert.match(await client.ended, /credential expired/);
  await assert.rejects(logIn(token), /ACCESS_REFUSED/);
});

test('a disabled issuer gives no tokens until it is enabled again', async () => {
  const earlier = await tokenOf('orders');
  await iam.send(new DisableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(tokenOf('orders'), {
    name: 'OutboundWebIdentityFederationDisabledException',
  });
  // As in AWS, tokens that were issued stay valid until they expire.
  await (await logIn(earlier)).close();
  await iam.send(new EnableOutboundWebIdentityFederationCommand({}));
});

test('new keys of the issuer end earlier tokens', {
  skip: isLong ? false : 'a broker asks for unknown keys every 30 seconds: only in long runs',
}, async () => {
  const earlier = await tokenOf('orders');
  await accepted(earlier);
  await iam.send(new DisableOutboundWebIdentityFederationCommand({}));
  await iam.send(new EnableOutboundWebIdentityFederationCommand({}));
  await accepted(await tokenOf('orders'));
  await assert.rejects(logIn(earlier), /ACCESS_REFUSED/);
});

test('neither the trail nor the output of the service has a token', async () => {
  const token = await tokenOf('guests');
  const text = JSON.stringify(await eventsNamed(waxwing, 'GetWebIdentityToken')) + waxwing.output;
  assert.match(text, /"eventName\\*":\\*"GetWebIdentityToken/);
  for (const part of token.split('.').slice(1)) assert.ok(!text.includes(part));
});
