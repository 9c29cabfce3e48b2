import assert from 'node:assert/strict';
import { generateKeySync } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import type { Identity } from '../../src/agent/identity.ts';
import { joinService } from '../../src/agent/join.ts';
import type { EventRecord } from '../../src/audit/record.ts';
import { type ChainHead, parseLine, Trail } from '../../src/audit/trail.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { requestCertificate } from '../../src/crypto/authority.ts';
import { Channel, serviceFrameBytesMax } from '../../src/hosts/channel/channel.ts';
import type { Fields } from '../../src/hosts/channel/fields.ts';
import { HostUnreachable } from '../../src/hosts/errors.ts';
import { entryOf, Hosts, tokenCountMax } from '../../src/hosts/hosts.ts';
import { parseJoinToken } from '../../src/hosts/join-token.ts';
import { protocolVersion } from '../../src/hosts/protocol.ts';
import type { HostsChange } from '../../src/hosts/records.ts';
import { connectToService, serviceName } from '../../src/hosts/service-connection.ts';
import { HostCertificates } from '../../src/server/hosts/host-certificates.ts';
import { HostEvents, refusalLimits } from '../../src/server/hosts/host-events.ts';
import { HostsService } from '../../src/server/hosts/hosts-service.ts';
import type { Entry } from '../../src/storage/journal.ts';
import { until } from '../support/processes.ts';

const leaseMs = 60_000;
const sealingKey = generateKeySync('aes', { length: 256 });
const hosts = new Hosts();
const creator = 'arn:aws:iam::000000000000:user/operator';
/** The warnings of the service. */
const said: string[] = [];
const warn = (_about: object, text: string) => void said.push(text);
const log = { error: () => {}, warn, info: () => {} };
const trail = new Trail();
const recorded: EventRecord[] = [];
/** Why hosts cannot be recorded; undefined if they can. */
let failure: Error | undefined;
const commit = async (entries: readonly Entry[]) => {
  const isHost = (entry: Entry) => 'change' in entry && 'host' in entry.change;
  if (failure !== undefined && entries.some(isHost)) throw failure;
  for (const entry of entries) {
    if ('bytes' in entry) recorded.push(parseLine(entry.bytes).event);
    else if (entry.journal === hosts.name) hosts.apply(entry.change as HostsChange);
    else trail.apply(entry.change as ChainHead);
  }
};
const location = { region: 'us-east-1', accountId: '000000000000' };
const eventParts = { trail, commit, location, clock: systemClock, random: systemRandom, log };
const events = new HostEvents(eventParts);
/** Returns what gives the events from now on. */
function eventsFromNow(): () => readonly EventRecord[] {
  events.flush();
  const { length } = recorded;
  return () => {
    events.flush();
    return recorded.slice(length);
  };
}
const service = new HostsService({
  hosts,
  sealingKey,
  settings: { port: 0, address: '127.0.0.1', leaseMs },
  commit,
  events,
  log,
});
const connections: Channel[] = [];
before(() => service.open());
after(() => {
  for (const channel of connections) channel.close('over');
  service.close();
});

const url = () => `https://127.0.0.1:${service.port}`;

async function newToken(lifeMs = 60_000): Promise<string> {
  const token = service.newToken(lifeMs, creator);
  assert.ok(token !== undefined);
  await commit(token.changes);
  return token.text;
}

let count = 0;
async function join(token: string, changes: object = {}): Promise<Identity> {
  count++;
  const request = {
    url: url(),
    token,
    name: `host-${count}`,
    zone: 'a',
    address: `10.0.0.${count}`,
  };
  return joinService({ ...request, ...changes });
}

const report = {
  protocol: protocolVersion,
  installed: [{ version: '3.10.8', plugins: ['rabbitmq_management'] }],
  volumes: [],
  clockMs: systemClock.nowMs(),
};

/** Connects as a host. Returns the first request of the service, or why there is none. */
async function connectAs(
  identity: Identity,
  certificate: Pick<Identity, 'certificate' | 'privateKey'> = identity,
  answer: object = report,
): Promise<{ readonly channel: Channel; readonly first: Fields | string }> {
  const socket = await connectToService(identity, identity.authority, certificate);
  let channel: Channel | undefined;
  const first = await new Promise<Fields | string>((resolve) => {
    channel = new Channel(
      socket,
      serviceFrameBytesMax,
      {
        request: async (op, fields) => {
          if (op === 'welcome') setImmediate(() => resolve(fields));
          return answer;
        },
        event: () => {},
        closed: resolve,
      },
      systemClock,
    );
  });
  assert.ok(channel !== undefined);
  connections.push(channel);
  return { channel, first };
}

const isConnected = (name: string) => service.views.find((host) => host.name === name)?.isConnected;
const connected = ({ name }: Identity) => until(`'${name}'`, () => isConnected(name) === true);

test('a machine joins once with a token, and gets a lease when it connects', async () => {
  const token = await newToken();
  const identity = await join(token);
  const [event] = recorded;
  assert.equal(event?.eventName, 'JoinHost');
  const { zone, address } = identity;
  assert.deepEqual(event?.requestParameters, { name: identity.name, zone, address });
  assert.deepEqual(event?.responseElements, { hostId: identity.hostId });
  assert.deepEqual(event?.additionalEventData, { tokenCreatedBy: creator });
  assert.match(identity.certificate, /BEGIN CERTIFICATE/);
  await assert.rejects(join(token), /token-invalid/);
  const { first } = await connectAs(identity);
  assert.equal((first as Fields)['leaseMs'], leaseMs);
  await connected(identity);
  assert.equal(service.views.find(({ name }) => name === identity.name)?.version, '3.10.8');
});

/** The codes of events, and who made the tokens. */
const refusals = (found: readonly EventRecord[]) =>
  found.map(({ eventName, errorCode, additionalEventData }) => [
    eventName,
    errorCode,
    (additionalEventData as { tokenCreatedBy?: string }).tokenCreatedBy,
  ]);

test('machines that are refused are events of the trail, without what they sent', async () => {
  const used = await newToken();
  await join(used);
  const late = await newToken(0);
  const found = eventsFromNow();
  await assert.rejects(join(used));
  await assert.rejects(join(late));
  await assert.rejects(join(await newToken(), { name: 'secret name' }));
  await assert.rejects(join(await newToken(), { name: 'local' }), /host-exists/);
  failure = new Error('the disk is full');
  await assert.rejects(join(await newToken()));
  failure = undefined;
  const refused = found();
  assert.deepEqual(refusals(refused), [
    ['JoinHost', 'TokenInvalid', undefined],
    ['JoinHost', 'TokenExpired', creator],
    ['JoinHost', 'RequestInvalid', creator],
    ['JoinHost', 'HostExists', creator],
    ['JoinHost', 'InternalFailure', creator],
  ]);
  const text = JSON.stringify(refused);
  for (const token of [used, late]) assert.ok(!text.includes(token.split('.')[1] ?? ''));
  assert.ok(!text.includes('secret name'));
  assert.deepEqual(
    refused.map(({ sourceIPAddress }) => sourceIPAddress),
    Array.from({ length: 5 }, () => '127.0.0.1'),
  );
});

test('a flood of refused machines is a bounded number of events', () => {
  const { length } = recorded;
  const flooded = new HostEvents(eventParts);
  const refused = { eventName: 'JoinHost', code: 'TokenInvalid', reason: 'no token' } as const;
  for (let i = 0; i < 10_000; i++) flooded.refused({ ...refused, sourceIp: `10.0.${i % 200}.1` });
  flooded.flush();
  const found = recorded.slice(length);
  assert.equal(found.length, 2 * refusalLimits.toldCountMax + 1);
  const counts = found.map(
    ({ additionalEventData }) => (additionalEventData as { count: number }).count,
  );
  assert.equal(
    counts.reduce((sum, each) => sum + each, 0),
    10_000,
  );
});

test('only the hash of a token is stored', async () => {
  const { secret } = parseJoinToken(await newToken());
  const stored = JSON.stringify([...hosts.snapshot()]);
  for (const form of ['hex', 'base64', 'base64url'] as const) {
    assert.ok(!stored.includes(secret.toString(form)));
  }
  assert.ok(!stored.includes('PRIVATE KEY'));
});

test('a token that has expired or was never made is refused alike', async () => {
  const late = await newToken(0);
  const { authorityDigest } = parseJoinToken(late);
  const unknown = `wxjoin1.${'A'.repeat(43)}.${authorityDigest.toString('base64url')}`;
  const said = await Promise.all(
    [late, unknown].map((token) =>
      join(token).then(
        () => assert.fail('it has joined'),
        (error: Error) => error.message,
      ),
    ),
  );
  assert.equal(said[0], said[1]);
});

test('two machines that use one token at the same time do not both join', async () => {
  const token = await newToken();
  const results = await Promise.allSettled([join(token), join(token), join(token)]);
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a token is not sent to a service with another authority', async () => {
  const other = parseJoinToken(await newToken());
  const digest = Buffer.alloc(32, 1).toString('base64url');
  const token = `wxjoin1.${other.secret.toString('base64url')}.${digest}`;
  await assert.rejects(join(token), /does not show the certificate/);
});

test('names, zones and addresses of machines are checked, and a refused one keeps its token', async () => {
  const token = await newToken();
  for (const changes of [
    { name: 'local' },
    { name: 'host-1' },
    { name: '../a' },
    { name: 'x'.repeat(64) },
    { zone: '' },
    { address: '127.0.0.1' },
    { address: '0.0.0.0' },
    { address: 'a.example' },
    { address: '10.0.0.1' },
  ]) {
    await assert.rejects(join(token, changes), /message-invalid|host-exists/);
  }
  await join(token);
});

test('a peer without a certificate can do nothing but join', async () => {
  const { authority, host, port } = await join(await newToken());
  for (const [op, fields] of [
    ['renew', { request: 'x' }],
    ['welcome', {}],
    ['join', { request: 'x', name: 'n', zone: 'z', address: '10.9.9.9' }],
  ] as const) {
    const socket = await connectToService({ host, port }, authority);
    const never = async () => assert.fail();
    const handlers = { request: never, event: assert.fail, closed: () => {} };
    const channel = new Channel(socket, serviceFrameBytesMax, handlers, systemClock);
    connections.push(channel);
    await assert.rejects(channel.request(op, fields), /message-invalid|token-invalid/);
    await assert.rejects(channel.request(op, fields), HostUnreachable);
  }
});

test('a certificate of another authority is refused, and so are older TLS versions', async () => {
  const found = eventsFromNow();
  const identity = await join(await newToken());
  const record = await HostCertificates.create(sealingKey, systemClock.nowMs());
  const other = HostCertificates.open(sealingKey, record);
  const { request, privateKey } = await requestCertificate();
  const forged = await other.host(request, identity.hostId, systemClock.nowMs());
  assert.ok(forged !== undefined);
  const { certificate } = forged;
  const { first } = await connectAs(identity, { certificate, privateKey });
  assert.equal(typeof first, 'string');
  assert.equal(isConnected(identity.name), false);
  const last = refusals(found()).at(-1);
  assert.deepEqual(last, ['ConnectHost', 'CertificateInvalid', undefined]);
  const { host, port, authority: ca } = identity;
  const old = connect({ host, port, ca, servername: serviceName, maxVersion: 'TLSv1.2' });
  const [error] = await once(old, 'error');
  assert.match(String(error), /protocol version|handshake|socket/i);
});

test('a removed host is refused, and one that is connected is told to end everything', async () => {
  const identity = await join(await newToken());
  const { channel } = await connectAs(identity);
  await connected(identity);
  await commit([entryOf({ delete: 'host', hostId: identity.hostId })]);
  service.dismiss(identity.hostId);
  let last: unknown;
  while (!(last instanceof HostUnreachable)) {
    last = await channel.request('renew', { request: 'x' }).catch((error: unknown) => error);
  }
  const found = eventsFromNow();
  const { first } = await connectAs(identity);
  assert.equal(typeof first, 'string');
  assert.deepEqual(refusals(found()), [['ConnectHost', 'CertificateInvalid', undefined]]);
});

test('a host that is removed before it can be used has no connection', async () => {
  const identity = await join(await newToken());
  const { hostId } = identity;
  const socket = await connectToService(identity, identity.authority, identity);
  const id = {
    broker: `b-${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`,
    volume: `vol-${'0'.repeat(17)}`,
  };
  const volumes = [{ ...id, state: 'locked', isRunning: false }];
  const asked: string[] = [];
  let answer: () => void = () => {};
  const request = async (op: string) => {
    asked.push(op);
    if (op === 'welcome') return { ...report, volumes };
    if (op === 'dismiss') return new Promise<object>(() => {});
    return new Promise<object>((resolve) => {
      answer = () => resolve({});
    });
  };
  const handlers = { request, event: () => {}, closed: () => {} };
  const channel = new Channel(socket, serviceFrameBytesMax, handlers, systemClock);
  connections.push(channel);
  await until('the request', () => asked.includes('destroy'));
  const host = service.host(hostId);
  await commit([entryOf({ delete: 'host', hostId })]);
  service.dismiss(hostId);
  await until('its dismissal', () => asked.includes('dismiss'));
  answer();
  await assert.rejects(channel.request('renew', { request: 'x' }), /certificate request/);
  assert.equal(host.isReachable, false);
});

test('a removed host that does not answer is asked nothing more', async () => {
  const identity = await join(await newToken());
  let isSilent = false;
  const socket = await connectToService(identity, identity.authority, identity);
  const request = async () => (isSilent ? new Promise<object>(() => {}) : report);
  const handlers = { request, event: () => {}, closed: () => {} };
  connections.push(new Channel(socket, serviceFrameBytesMax, handlers, systemClock));
  await connected(identity);
  const host = service.host(identity.hostId);
  assert.equal(host.isReachable, true);
  isSilent = true;
  await commit([entryOf({ delete: 'host', hostId: identity.hostId })]);
  service.dismiss(identity.hostId);
  assert.equal(host.isReachable, false);
  await assert.rejects(
    host.freePorts('10.0.0.1', 1, () => false),
    HostUnreachable,
  );
});

test('a host has one connection, even while it does not answer', async () => {
  const identity = await join(await newToken());
  const ends: number[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = await connectToService(identity, identity.authority, identity);
    await new Promise<void>((resolve) => {
      const request = () => {
        resolve();
        return new Promise<object>(() => {});
      };
      const handlers = { request, event: () => {}, closed: () => ends.push(i) };
      connections.push(new Channel(socket, serviceFrameBytesMax, handlers, systemClock));
    });
  }
  await until('both ends', () => ends.length === 2);
  assert.deepEqual(ends, [0, 1]);
});

test('a host that asks for several certificates at once gets one', async () => {
  const identity = await join(await newToken());
  const { channel } = await connectAs(identity);
  await connected(identity);
  const { request } = await requestCertificate();
  const results = await Promise.allSettled(
    [1, 2, 3].map(() => channel.request('renew', { request })),
  );
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a renewed certificate replaces the earlier one when it is used', async () => {
  const identity = await join(await newToken());
  const { channel } = await connectAs(identity);
  await connected(identity);
  await assert.rejects(channel.request('renew', { request: 'no request' }), /certificate request/);
  const { request, privateKey } = await requestCertificate();
  const { result } = await channel.request('renew', { request });
  const renewed = { certificate: String(result['certificate']), privateKey };
  // A host that could not store the new one still has the other.
  assert.equal(typeof (await connectAs(identity)).first, 'object');
  assert.equal(typeof (await connectAs(identity, renewed)).first, 'object');
  assert.equal(typeof (await connectAs(identity)).first, 'string');
  assert.equal(typeof (await connectAs(identity, renewed)).first, 'object');
});

test('a host whose answers have another form is not used', async () => {
  for (const answer of [
    {},
    { ...report, installed: [{ version: 'canary\n', plugins: [] }] },
    { ...report, installed: [] },
    { ...report, installed: undefined },
    {
      ...report,
      installed: [{ version: '3.10.8', plugins: Array.from({ length: 201 }, () => 'a') }],
    },
    {
      ...report,
      volumes: [{ broker: '../x', volume: 'vol-0', state: 'mounted', isRunning: true }],
    },
  ]) {
    const identity = await join(await newToken());
    const { channel } = await connectAs(identity, identity, answer);
    await assert.rejects(channel.request('renew', { request: 'x' }, undefined, 500));
    assert.equal(isConnected(identity.name), false);
  }
});

test('a host whose clock is hours wrong is used and shown; one of half a day is refused', async () => {
  const found = eventsFromNow();
  const hourMs = 3_600_000;
  for (const hours of [2, -11, 13, -13]) {
    const identity = await join(await newToken());
    const clockMs = systemClock.nowMs() + hours * hourMs;
    const { channel } = await connectAs(identity, identity, { ...report, clockMs });
    const isUsed = Math.abs(hours) < 12;
    if (isUsed) await connected(identity);
    else await assert.rejects(channel.request('renew', { request: 'x' }));
    assert.equal(isConnected(identity.name), isUsed);
    const view = service.views.find(({ name }) => name === identity.name);
    assert.equal(Math.round((view?.clockDifferenceMs ?? 0) / hourMs), hours);
  }
  assert.ok(said.some((text) => /clock of host 'host-\d+' is 2 h 0 min ahead/.test(text)));
  assert.ok(said.some((text) => /is 13 h 0 min behind .*; 12 h are allowed/.test(text)));
  const codes = refusals(found()).flatMap(([name, code]) => (name === 'ConnectHost' ? [code] : []));
  assert.deepEqual([...new Set(codes)], ['ClockWrong']);
});

test('a certificate that is not valid at this time names the clock', async () => {
  const identity = await join(await newToken());
  for (const [days, reason] of [
    [-40, /expired, by the clock of the service/],
    [3, /not valid yet, by the clock of the service/],
  ] as const) {
    const found = eventsFromNow();
    const record = hosts.authority;
    assert.ok(record !== undefined);
    const certificates = HostCertificates.open(sealingKey, record);
    const { request, privateKey } = await requestCertificate();
    const atMs = systemClock.nowMs() + days * 24 * 3_600_000;
    const issued = await certificates.host(request, identity.hostId, atMs);
    assert.ok(issued !== undefined);
    const { certificate } = issued;
    const { first } = await connectAs(identity, { certificate, privateKey });
    assert.equal(typeof first, 'string');
    const [event] = found();
    assert.equal(event?.errorCode, 'CertificateInvalid');
    assert.match(event?.errorMessage ?? '', reason);
  }
});

test('a host cannot tell of nodes that are not placed on it, nor send what is no event', async () => {
  const identity = await join(await newToken());
  const { channel } = await connectAs(identity);
  await connected(identity);
  const id = {
    broker: `b-${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`,
    volume: `vol-${'0'.repeat(17)}`,
  };
  channel.tell('ended', { ...id, text: 'x' });
  channel.tell('fence', { ...id, text: 'x' });
  await until('its end', () => isConnected(identity.name) === false);
});

test('there are only so many tokens that were not used', async () => {
  while (hosts.tokens.length < tokenCountMax) await newToken();
  // The one that has expired makes room.
  const made = service.newToken(60_000, creator);
  if (made !== undefined) await commit(made.changes);
  assert.equal(service.newToken(60_000, creator), undefined);
});
