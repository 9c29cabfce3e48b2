import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { isLong, writeProof } from '../support/proof.ts';
import { amqp10, amqp091, type LargeProtocol, mqtt, openwire, stomp } from './large-clients.ts';
import { LocalBroker } from './local-broker.ts';
import { MeteredProcess } from './metered-process.ts';
import type { MeteredKind } from './opened-broker.ts';

// Large messages of one protocol are delivered to a client of another one. A long run measures the
// longest turns of the broker's event loop meanwhile.

interface Figure {
  readonly conversion: string;
  readonly bodyMib: number;
  readonly publishMs: number;
  readonly deliverMs: number;
  /** Of both. */
  readonly longestCollectionMs: number;
}

const activeMqTexts = stomp('stomp', '/queue/', { isText: true });
const activeMqBytes = stomp('stomp', '/queue/');
const topic = stomp('stomp', '/topic/');
const activeMqAmqp = amqp10('amqp10', 'queue://');
const rabbitMqAmqp = amqp10('amqp10-rabbitmq', '/amq/queue/');

type Open = LargeProtocol['open'];

const conversions: readonly [MeteredKind, conversion: string, from: Open, to: Open][] = [
  ['activemq', 'AMQP 1.0 to STOMP', activeMqAmqp, activeMqBytes],
  ['activemq', 'AMQP 1.0 to OpenWire', activeMqAmqp, openwire],
  ['activemq', 'STOMP (bytes) to AMQP 1.0', activeMqBytes, activeMqAmqp],
  ['activemq', 'STOMP (text) to AMQP 1.0', activeMqTexts, activeMqAmqp],
  ['activemq', 'STOMP (text) to OpenWire', activeMqTexts, openwire],
  ['activemq', 'OpenWire to STOMP', openwire, activeMqBytes],
  ['activemq', 'OpenWire to AMQP 1.0', openwire, activeMqAmqp],
  ['activemq', 'STOMP to MQTT', topic, mqtt('mqtt')],
  ['rabbitmq', 'AMQP 0-9-1 to AMQP 1.0', amqp091, rabbitMqAmqp],
  ['rabbitmq', 'AMQP 1.0 to AMQP 0-9-1', rabbitMqAmqp, amqp091],
  ['rabbitmq', 'AMQP 0-9-1 to MQTT', amqp091, mqtt('mqtt-rabbitmq')],
  ['rabbitmq', 'MQTT to AMQP 0-9-1', mqtt('mqtt-rabbitmq'), amqp091],
];

const sizesMib = isLong ? [1, 16, 95] : [3];
const figures: Figure[] = [];
const brokers = new Map<MeteredKind, MeteredProcess | LocalBroker>();
const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** A short run measures nothing, and does without further processes. */
async function brokerOf(kind: MeteredKind): Promise<MeteredProcess | LocalBroker> {
  const found =
    brokers.get(kind) ?? (await (isLong ? MeteredProcess.start(kind) : LocalBroker.open(kind)));
  brokers.set(kind, found);
  return found;
}

after(async () => {
  for (const broker of brokers.values()) await broker.stop();
  const unit = 'processor milliseconds of the longest turn';
  if (isLong) writeProof('large-conversions', { unit, figures });
});

/**
 * A text in half as many random bytes, with characters of two and three bytes. Those of four have
 * another encoding in OpenWire.
 */
function textOf(bodyMib: number): Buffer {
  const text = Buffer.from(randomBytes(bodyMib * 2 ** 19).toString('hex'), 'latin1');
  for (let at = 0; at + 5 < text.length; at += 4096) text.write('é€', at);
  return text;
}

for (const [kind, conversion, from, to] of conversions) {
  for (const bodyMib of sizesMib) {
    test(`${conversion}: a message of ${bodyMib} MiB comes as it was sent`, async (t) => {
      const broker = await brokerOf(kind);
      const name = `converted-${conversion.replaceAll(/\W+/g, '-')}-${bodyMib}`;
      // AMQP 1.0 requires that the queue exists.
      const early = from === rabbitMqAmqp ? await to(broker, name) : undefined;
      const sender = await from(broker, name);
      const receiver = early ?? (await to(broker, name));
      const body = textOf(bodyMib);
      const measures = broker instanceof MeteredProcess;
      if (measures) broker.begin();
      await sender.publish(body);
      const published = measures ? await broker.end() : undefined;
      if (measures) broker.begin();
      const received = await receiver.receive(body.length);
      const delivered = measures ? await broker.end() : undefined;
      sender.close();
      receiver.close();
      assert.ok(body.equals(received));
      if (published === undefined || delivered === undefined) return;
      const publishMs = rounded(published.longestMs);
      const deliverMs = rounded(delivered.longestMs);
      const longestCollectionMs = rounded(
        Math.max(published.longestCollectionMs, delivered.longestCollectionMs),
      );
      figures.push({ conversion, bodyMib, publishMs, deliverMs, longestCollectionMs });
      t.diagnostic(
        `${bodyMib} MiB: publishing ${publishMs} ms, delivering ${deliverMs} ms, collections ${longestCollectionMs} ms`,
      );
    });
  }
}
