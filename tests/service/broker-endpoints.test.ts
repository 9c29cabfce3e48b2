import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { after, before, test } from 'node:test';
import { describeBroker } from '../support/broker-requests.ts';
import { allSuites, openssl } from '../support/openssl.ts';
import { isLong } from '../support/proof.ts';
import { agreedBy, handshake } from '../support/tls-handshake.ts';
import { Waxwing } from '../support/waxwing.ts';

// Every endpoint of brokers: cipher suites, clients without TLS, and the address of the console. A
// suite that must be refused is offered by `openssl s_client`, which knows more suites than Node.

/** The suites for ActiveMQ in the guide's page on data protection. */
const activeMqSuites = [
  ...['AES256-GCM-SHA384', 'AES256-SHA384', 'AES256-SHA'].map((name) => `ECDHE-RSA-${name}`),
  ...['AES256-GCM-SHA384', 'AES256-SHA256', 'AES256-SHA'].map((name) => `DHE-RSA-${name}`),
  ...['AES256-GCM-SHA384', 'AES256-SHA256', 'AES256-SHA'],
  ...['AES128-GCM-SHA256', 'AES128-SHA256', 'AES128-SHA'].map((name) => `ECDHE-RSA-${name}`),
  ...['AES128-GCM-SHA256', 'AES128-SHA256', 'AES128-SHA'].map((name) => `DHE-RSA-${name}`),
  ...['AES128-GCM-SHA256', 'AES128-SHA256', 'AES128-SHA'],
];
const rabbitMqSuites = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];
const ecdsaTwins = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];

/** The ports of a broker, by scheme. */
type Ports = ReadonlyMap<string, number>;

/** A broker of each type. */
interface Brokers {
  readonly ids: readonly string[];
  readonly activeMq: Ports;
  readonly rabbitMq: Ports;
}

let parity: Waxwing;
let standard: Waxwing;
let ofParity: Brokers;
let ofStandard: Brokers;

async function portsOf(waxwing: Waxwing, id: string): Promise<Ports> {
  const { BrokerInstances } = await waxwing.brokerIs(id, 'RUNNING');
  const urls = (BrokerInstances?.[0]?.Endpoints ?? []).map((url) => /^(.*):.*:(\d+)$/.exec(url));
  return new Map(urls.map((found) => [found?.[1] ?? '', Number(found?.[2])]));
}

async function brokersOf(waxwing: Waxwing): Promise<Brokers> {
  const activeMq = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
  });
  const rabbitMq = await waxwing.createBroker();
  return {
    ids: [activeMq, rabbitMq],
    activeMq: await portsOf(waxwing, activeMq),
    rabbitMq: await portsOf(waxwing, rabbitMq),
  };
}

before(async () => {
  parity = await Waxwing.start({ args: ['--no-default-broker', '--tls-parity'] });
  standard = await Waxwing.start({ args: ['--no-default-broker'] });
  ofParity = await brokersOf(parity);
  ofStandard = await brokersOf(standard);
});

after(async () => {
  await Promise.all([parity?.remove(), standard?.remove()]);
});

const tls12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const lax = (suites: readonly string[]) => `${suites.join(':')}:@SECLEVEL=0`;

/** Checks that a port agrees to each of the shown suites at TLS 1.2, and to none but those expected. */
async function speaksOnly(
  name: string,
  port: number,
  expected: readonly string[],
  shown = expected,
): Promise<void> {
  for (const suite of shown) {
    const agreed = await agreedBy(port, { ...tls12, ciphers: lax([suite]) });
    assert.deepEqual(agreed, { version: 'TLSv1.2', suite }, `${name}: ${suite}`);
  }
  const others = (await allSuites()).filter((suite) => !expected.includes(suite));
  assert.ok(others.length > 40, `OpenSSL offers only ${others.length} other suites`);
  const agreed = await openssl(port, '-tls1_2', '-cipher', lax(others));
  assert.equal(agreed, undefined, `${name}: a suite that is not in the list`);
}

test('with parity, every port of an ActiveMQ broker supports exactly 18 cipher suites', async () => {
  assert.deepEqual(
    [...ofParity.activeMq.keys()],
    ['ssl', 'amqp+ssl', 'stomp+ssl', 'mqtt+ssl', 'wss'],
  );
  assert.equal(activeMqSuites.length, 18);
  // One port shows each suite; all ports have one policy.
  for (const [name, port] of ofParity.activeMq) {
    const shown = isLong || name === 'ssl' ? activeMqSuites : activeMqSuites.slice(0, 3);
    await speaksOnly(name, port, activeMqSuites, shown);
  }
});

test('with parity, a RabbitMQ broker supports exactly two cipher suites', async () => {
  for (const [name, port] of ofParity.rabbitMq) await speaksOnly(name, port, rabbitMqSuites);
});

test('without parity, every port supports only suites with forward secrecy and GCM', async () => {
  const expected = [...ecdsaTwins, ...rabbitMqSuites];
  const { activeMq, rabbitMq } = ofStandard;
  for (const [name, port] of [...activeMq, ...rabbitMq]) await speaksOnly(name, port, expected);
});

test('the groups of DHE suites have at least 2048 bits', async () => {
  const dheSuites = activeMqSuites.filter((suite) => suite.startsWith('DHE-'));
  assert.equal(dheSuites.length, 6);
  for (const suite of dheSuites) {
    const port = ofParity.activeMq.get('ssl') ?? 0;
    const offer = { ...tls12, ciphers: lax([suite]) };
    const key = await handshake(port, offer, (socket) => socket.getEphemeralKeyInfo());
    assert.ok(key !== undefined && key !== null && 'size' in key, suite);
    assert.equal(key.type, 'DH');
    assert.ok(key.size >= 2048, `${suite}: ${key.size} bits`);
  }
});

test('TLS 1.3 is supported only without parity, and nothing below TLS 1.2 is supported', async () => {
  for (const [brokers, version] of [
    [ofStandard, 'TLSv1.3'],
    [ofParity, undefined],
  ] as const) {
    for (const [name, port] of [...brokers.activeMq, ...brokers.rabbitMq]) {
      const agreed = await agreedBy(port, { minVersion: 'TLSv1.3' });
      assert.equal(agreed?.version, version, name);
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
      assert.equal(await agreedBy(port, old), undefined, name);
    }
  }
});

/** What a client without TLS begins with, by scheme. */
const plainBeginnings: Readonly<Record<string, Buffer>> = {
  ssl: Buffer.from('\0\0\0\x1e\x01ActiveMQ', 'latin1'),
  'amqp+ssl': Buffer.from('AMQP\0\x01\0\0', 'latin1'),
  'stomp+ssl': Buffer.from('CONNECT\naccept-version:1.2\n\n\0'),
  'mqtt+ssl': Buffer.from('\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c', 'latin1'),
  wss: Buffer.from('GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'),
  amqps: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
};

/** What a client without TLS should see in the answer. OpenWire has none that clients would show. */
const plainAnswers: Readonly<Record<string, RegExp | string>> = {
  ssl: '',
  'amqp+ssl': 'AMQP\x03\x01\0\0',
  'stomp+ssl': /^ERROR\n[\s\S]*STOMP over TLS only: use stomp\+ssl:/,
  'mqtt+ssl': ' \x02\0\x05',
  wss: /^HTTP\/1\.1 400 [\s\S]*over TLS only: use wss:/,
  amqps: /AMQP over TLS only: use amqps:/,
};

function answerToPlain(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve(text));
    socket.once('error', reject);
  });
}

test('a client without TLS is answered in its own protocol and disconnected', async () => {
  for (const { activeMq, rabbitMq } of [ofParity, ofStandard]) {
    for (const [name, port] of [...activeMq, ...rabbitMq]) {
      const answer = await answerToPlain(port, plainBeginnings[name] ?? Buffer.alloc(1));
      const expected = plainAnswers[name] ?? 'none';
      if (typeof expected === 'string') assert.equal(answer, expected, name);
      else assert.match(answer, expected, name);
      const http = await answerToPlain(port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
      assert.match(http, /^HTTP\/1\.1 400 Bad Request\r\n/, name);
      assert.ok(http.includes(`${name}://`), `${name}: ${http}`);
    }
  }
});

function ask(waxwing: Waxwing, url: string, method: string): Promise<[IncomingMessage, string]> {
  const headers = { Accept: 'text/html' };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, ca: waxwing.ca, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.once('end', () => resolve([response, body]));
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('the console address of brokers of both engine types serves a page', async () => {
  for (const [waxwing, { ids }] of [
    [parity, ofParity],
    [standard, ofStandard],
  ] as const) {
    for (const id of ids) await servesPage(waxwing, id, { GET: 200, HEAD: 200, POST: 405 });
  }
});

async function servesPage(
  waxwing: Waxwing,
  id: string,
  statuses: Readonly<Record<'GET' | 'HEAD' | 'POST', number>>,
): Promise<void> {
  const { BrokerInstances } = await describeBroker(waxwing, id);
  const url = BrokerInstances?.[0]?.ConsoleURL ?? '';
  for (const [method, status] of Object.entries(statuses)) {
    const [response, body] = await ask(waxwing, url, method);
    assert.equal(response.statusCode, status, `${method} ${url}`);
    assert.match(response.headers['content-type'] ?? '', /^text\/html/);
    assert.equal(response.headers['x-frame-options'], 'DENY');
    assert.equal(body === '', method === 'HEAD');
  }
}
