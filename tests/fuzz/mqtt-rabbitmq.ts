// The fuzzers of MQTT on brokers of RabbitMQ's type.

import assert from 'node:assert/strict';
import { rabbitMqMqttFormat } from '../../src/protocols/mqtt/rabbitmq/format.ts';
import { crashed, openRabbitMq } from '../support/mqtt-rabbitmq.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Fuzzer } from './fuzzer.ts';
import { fuzzClients, fuzzHead, limits, Witness } from './mqtt.ts';
import { packetNames } from './mqtt-input.ts';
import type { Tally } from './tally.ts';

const everything = { configure: '.*', write: '.*', read: '.*' };

/** PUBLISH with quality of service 2 is refused with MQTT 5 only. */
async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const options = { endsUnauthorised: random.oneIn(2), prefetchCount: 1 + random.below(3) };
  const more = { limits: { ...limits, memoryBytesMax: Infinity } };
  const b = await openRabbitMq(options, more);
  // Every filter that matches a topic does so, so that the witness has a virtual host of its own.
  b.broker.createVhost('w');
  b.broker.setPermission('bob', 'w', everything);
  await fuzzClients(b, await Witness.connect(b, 'w:bob'), random, tally);
  const next = await crashed(b);
  for (const name of ['/', 'w']) {
    const countOf = ({ broker }: typeof b) => [...broker.sessions.all(name)].length;
    assert.equal(countOf(next), countOf(b), `sessions in ${name}`);
    assert.equal(next.broker.retained.count(name), b.broker.retained.count(name));
    const queuesOf = ({ broker }: typeof b) =>
      [...broker.vhost(name).queues.values()].map((queue) => [queue.name, queue.options]);
    assert.deepEqual(queuesOf(next).sort(), queuesOf(b).sort());
  }
}

/** MQTT's heads and connections in RabbitMQ's dialect. */
export const mqttRabbitMqFuzzers: readonly Fuzzer[] = [
  {
    name: 'mqtt heads on rabbitmq brokers',
    roundCount: 5000,
    run: (random) => fuzzHead(random, rabbitMqMqttFormat),
  },
  {
    name: 'mqtt connection to rabbitmq brokers',
    roundCount: 150,
    handlers: ['connect', ...packetNames],
    run: fuzzConnection,
  },
];
