import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readRabbitMqSettings } from '../../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { IdentityProvider } from '../../support/identity-provider.ts';
import { until } from '../../support/processes.ts';
import { ManagementHost } from '../management-host.ts';
import { connectWith, expectedOf, outcomeOf, type TokenBroker } from './run-cases.ts';
import { allRights, oauthConfiguration, refusedVhost, tokenCases } from './token-cases.ts';

// Log-ins with tokens of OAuth 2.0, over AMQP and the management API.

let provider: IdentityProvider;
let host: ManagementHost;
let broker: TokenBroker;

before(async () => {
  provider = await IdentityProvider.start();
  const { oauth, ...settings } = readRabbitMqSettings(
    oauthConfiguration(`${provider.url}/keys`),
    4,
  );
  assert.ok(oauth);
  const { authority: authorities } = await planeCertificates();
  const providers = oauth.providers.map((each) => ({ ...each, authorities }));
  host = await ManagementHost.open('3.13', { ...settings, oauth: { ...oauth, providers } });
  broker = {
    url: `amqps://127.0.0.1:${host.broker.ports['amqps']}`,
    authority: host.authority,
    token: (claims) => provider.token(Date.now(), { ...allRights, ...claims }),
  };
});

after(async () => {
  await host.close();
  await provider.close();
});

for (const each of tokenCases) {
  test(`a token with ${each.name} permits what it does in RabbitMQ`, async () => {
    assert.deepEqual(await outcomeOf(broker, each), expectedOf(each));
  });
}

test('the own users log in too, and no wrong password or token does', async () => {
  const client = await host.connect();
  await client.close();
  for (const password of ['wrong', 'a.b.c', `${await broker.token({})}x`]) {
    await assert.rejects(connectWith(broker, password), /ACCESS_REFUSED/);
  }
});

test('a connection is closed when its token expires, unless it was renewed', async () => {
  const exp = () => Math.floor(Date.now() / 1000) + 3;
  const short = { exp: exp() };
  const [expiring, renewed] = await Promise.all([
    connectWith(broker, await broker.token(short)),
    connectWith(broker, await broker.token(short)),
  ]);
  const reasonOf = (model: typeof expiring) =>
    new Promise<string>((resolve) => model.on('close', (error?: Error) => resolve(String(error))));
  const ended = reasonOf(expiring);
  let isOpen = true;
  renewed.on('close', () => {
    isOpen = false;
  });
  const channel = await renewed.createChannel();
  await renewed.updateSecret(Buffer.from(await broker.token({})), 'refreshed');
  assert.match(await ended, /credential expired/);
  await channel.checkQueue('q');
  assert.ok(isOpen);
  await renewed.close();
});

test('a renewed token replaces the rights, including those of publishers', async () => {
  const model = await connectWith(broker, await broker.token({}));
  const channel = await model.createConfirmChannel();
  channel.publish('t', 'a.b', Buffer.from('x'));
  await channel.waitForConfirms();
  const fewer = await broker.token({ scope: 'rabbitmq.read:*/*' });
  await model.updateSecret(Buffer.from(fewer), 'fewer rights');
  const refused = new Promise<Error>((resolve) => channel.on('error', resolve));
  channel.publish('t', 'a.b', Buffer.from('x'));
  assert.match((await refused).message, /write access to exchange 't' in vhost '\/' refused/);
  await model.close();
});

test('a renewal with a token that is refused closes the connection', async () => {
  const secrets = [
    await broker.token({ sub: 'other' }),
    await broker.token({ exp: 1_000_000_000 }),
    'no token',
  ];
  for (const secret of secrets) {
    const model = await connectWith(broker, await broker.token({}));
    const ended = new Promise<Error>((resolve) => model.on('error', resolve));
    model.updateSecret(Buffer.from(secret), 'refreshed').catch(() => {});
    const { message } = await ended;
    assert.match(message, /530 .*NOT_ALLOWED - New secret was refused by one of the backends/);
  }
});

test('the management API takes tokens, with the tags that they grant', async () => {
  const call = (token: string, path: string) =>
    host.send('GET', path, undefined, { Authorization: `Bearer ${token}` });
  const scope = 'rabbitmq.tag:management rabbitmq.read:%2F/q';
  const some = await broker.token({ scope });
  const who = await call(some, '/api/whoami');
  assert.deepEqual(JSON.parse(who.text), {
    name: 'anna',
    tags: ['management'],
    is_internal_user: false,
  });
  assert.equal((await call(some, '/api/users')).status, 401);
  assert.equal((await call(some, '/api/queues/%2F/q')).status, 200);
  const all = await broker.token({ scope: `${allRights['scope']} rabbitmq.tag:administrator` });
  assert.equal((await call(all, '/api/users')).status, 200);
  assert.equal((await call(await broker.token({}), '/api/whoami')).status, 401);
  for (const wrong of ['x', `${all}x`, await broker.token({ aud: 'other' })]) {
    assert.equal((await call(wrong, '/api/whoami')).status, 401);
  }
  const basic = { user: `any:${some}` };
  assert.equal((await host.call('GET', '/api/whoami', undefined, basic)).status, 200);
});

test('a user with the name of an own user has none of its rights and sees nothing of it', async () => {
  const token = await broker.token({ sub: 'admin', scope: 'rabbitmq.tag:management' });
  const call = (path: string) =>
    host.send('GET', path, undefined, { Authorization: `Bearer ${token}` });
  for (const path of ['/api/users/admin', '/api/users', '/api/users/admin/permissions']) {
    assert.equal((await call(path)).status, 401, path);
  }
  const claims = { sub: 'admin', scope: '' };
  assert.deepEqual(await outcomeOf(broker, { name: '', claims }), [refusedVhost]);
});

test('while the provider is away, log-ins with unknown keys are refused and others are not', async () => {
  const later = await provider.addKey('later', 'ES256');
  provider.answers.set('/tenant/keys', (_, response) => response.destroy());
  try {
    const unknown = await provider.token(Date.now(), allRights, later);
    await assert.rejects(connectWith(broker, unknown), /ACCESS_REFUSED/);
    const known = await connectWith(broker, await broker.token({}));
    await known.close();
    const own = await host.connect();
    await own.close();
  } finally {
    provider.answers.clear();
  }
});

test('failures are counted and logged without the token', async () => {
  const token = await broker.token({ aud: 'other' });
  await assert.rejects(connectWith(broker, token), /ACCESS_REFUSED/);
  await until('a line about the token', () =>
    host.lines.some((line) => line.includes('an OAuth 2.0 token was refused')),
  );
  const [header = '', payload = ''] = token.split('.');
  for (const line of host.lines) {
    assert.ok(!line.includes(header) && !line.includes(payload), line);
  }
});
