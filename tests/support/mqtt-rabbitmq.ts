// MQTT on a broker of RabbitMQ's type in this process.

import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { rabbitMqFormat } from '../../src/protocols/amqp10/rabbitmq/conversion/format.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { rabbitMqMqttFormat } from '../../src/protocols/mqtt/rabbitmq/format.ts';
import type { MqttOptions } from '../../src/protocols/mqtt/rabbitmq/options.ts';
import { mqttForRabbitMq } from '../../src/protocols/mqtt/rabbitmq/protocol.ts';
import { MqttBroker } from './mqtt-peer.ts';

/** The defaults of RabbitMQ. */
export const defaultMqtt: MqttOptions = {
  vhost: '/',
  exchange: 'amq.topic',
  prefetchCount: 10,
  sessionSecondsMax: 86_400,
  durableQueueType: 'classic',
  aliasMax: 16,
  packetBytesMax: null,
  connectBytesMax: 65_536,
  takesCertificates: false,
  endsUnauthorised: true,
  isSparkplug: false,
};

const formats = [amqp091Format, rabbitMqFormat, rabbitMqMqttFormat];

/** Opens a broker. The user is `bob`, with all permissions. */
export function openRabbitMq(
  options: Partial<MqttOptions> = {},
  more: Partial<BrokerOptions> = {},
): Promise<MqttBroker> {
  const all = { formats, engineVersion: '4.2', ...more };
  const protocolOf = (broker: Broker) => mqttForRabbitMq(broker, { ...defaultMqtt, ...options });
  return MqttBroker.open({}, undefined, all, 0, protocolOf);
}

/** The broker that the next start finds after a crash. */
export function crashed(before: MqttBroker, options: Partial<MqttOptions> = {}) {
  const protocolOf = (broker: Broker) => mqttForRabbitMq(broker, { ...defaultMqtt, ...options });
  return MqttBroker.open({}, before, { formats, engineVersion: '4.2' }, 0, protocolOf);
}

/** A queue of the default virtual host. */
export function queueOf({ broker }: MqttBroker, name: string): Queue | undefined {
  return broker.vhost('/').queues.get(name);
}

/** Declares a durable queue that a key of `amq.topic` leads to. */
export function boundQueue({ broker }: MqttBroker, name: string, routingKey: string): Queue {
  const vhost = broker.vhost('/');
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  const queue = vhost.declareQueue(name, options, {});
  vhost.bind(vhost.exchange('amq.topic'), queue, routingKey, {});
  return queue;
}
