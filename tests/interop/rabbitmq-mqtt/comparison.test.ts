import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { missing } from '../../management/real-rabbitmq.ts';
import { describeBroker, password } from '../../support/broker-requests.ts';
import { createConfiguration, updateConfiguration } from '../../support/configuration-requests.ts';
import { isLong } from '../../support/proof.ts';
import { Waxwing } from '../../support/waxwing.ts';
import { realAnswers, recordedAnswers } from './real.ts';
import { type Answers, runScenario } from './scenario.ts';

// The same MQTT clients with this program and with RabbitMQ 3.10, whose answers are recorded.

let waxwing: Waxwing;
let own: Answers;

before(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await once(server.close(), 'close');
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { Id = '' } = await createConfiguration(waxwing, {
    EngineType: 'RABBITMQ',
    EngineVersion: '3.13',
  });
  await updateConfiguration(waxwing, Id, `mqtt.listeners.ssl.default = ${port}`);
  const Configuration = { Id, Revision: 2 };
  const brokerId = await waxwing.createBroker({ EngineVersion: '3.13', Configuration });
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  const [{ ConsoleURL = '', Endpoints = [] } = {}] = BrokerInstances ?? [];
  const mqtt = Endpoints.find((url) => url.startsWith('mqtt+ssl:')) ?? '';
  own = await runScenario({
    url: mqtt.replace(/^mqtt\+ssl:\/\/[^:]*/, 'mqtts://localhost'),
    ca: waxwing.ca,
    username: 'admin',
    password,
    expected: { ...recordedAnswers(), ...deviations },
    call: (method, path, body) => call(new URL(path, ConsoleURL), method, body),
  });
});

after(async () => {
  await waxwing.remove();
});

/** A request to the management API. */
function call(url: URL, method: string, body: unknown): Promise<unknown> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca: waxwing.ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString();
        resolve(answer === '' ? undefined : JSON.parse(answer));
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

const queue = { durable: true, autoDelete: false, arguments: {}, type: 'classic' };
const message = { exchange: 'amq.topic', payload: 'to AMQP' };
const refused = [['suback', [128]], 'closed'];

/** What this program does otherwise, by what was done. RabbitMQ 3.13 and 4 do so, too. See deviations.md. */
const deviations: Answers = {
  'the queues of a clean session': [
    { name: 'mqtt-subscription-mqos0', ...queue },
    { name: 'mqtt-subscription-mqos1', ...queue },
  ],
  connection: [{ protocol: 'MQTT 3-1-1', channels: 0, properties: { client_id: 'm' } }],
  'AMQP gets QoS 0': [{ ...message, key: 'q.0', properties: { delivery_mode: 1 } }],
  'AMQP gets QoS 1': [{ ...message, key: 'q.1', properties: { delivery_mode: 2 } }],
  'MQTT gets delivery mode 1': [['publish', 'x/y', 'from AMQP', 0]],
  'rights: subscribe with no configure': refused,
  'rights: subscribe with no write on the queue': refused,
  'rights: subscribe with no read on the exchange': refused,
  'rights: publish with no write on the exchange': ['closed'],
};

test('clients see what they see of RabbitMQ, except for the listed deviations', () => {
  const recorded = recordedAnswers();
  const differences = Object.entries(own).filter(
    ([what, answer]) => !isDeepStrictEqual(answer, recorded[what]),
  );
  assert.deepEqual(Object.fromEntries(differences), deviations);
  assert.deepEqual(Object.keys(own), Object.keys(recorded));
});

test('the recorded answers are those of the installed RabbitMQ', {
  skip: isLong ? (missing ?? false) : 'only in long runs',
}, async () => {
  assert.deepEqual(await realAnswers(), recordedAnswers());
});
