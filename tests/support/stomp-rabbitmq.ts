// STOMP on a broker of RabbitMQ's type in this process.

import { noArguments } from '../../src/broker/arguments.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { rabbitMqFormat } from '../../src/protocols/amqp10/rabbitmq/conversion/format.ts';
import { readProperties } from '../../src/protocols/amqp091/codec/basic-properties.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import type { StompOptions } from '../../src/protocols/stomp/rabbitmq/dialect.ts';
import { stompForRabbitMq } from '../../src/protocols/stomp/rabbitmq/protocol.ts';
import { Inbox, owner, plainSubscribe } from './bare-broker.ts';
import { type ReceivedFrame, StompBroker, StompPeer } from './stomp-peer.ts';

/** A broker of RabbitMQ's type over a log in memory. */
export class RabbitMqStomp {
  readonly inner: StompBroker;
  readonly protocol: Protocol;

  private constructor(inner: StompBroker, options: Partial<StompOptions>) {
    this.inner = inner;
    this.protocol = stompForRabbitMq(inner.broker, options);
  }

  static async open(
    options: Partial<StompOptions> = {},
    more: Partial<BrokerOptions> = {},
    before?: RabbitMqStomp,
  ): Promise<RabbitMqStomp> {
    const formats = [amqp091Format, rabbitMqFormat];
    const all = { formats, engineVersion: '3.13', ...more };
    return new RabbitMqStomp(await StompBroker.open(more.limits, before?.inner, all), options);
  }

  get broker() {
    return this.inner.broker;
  }

  sync(): void {
    this.inner.sync();
  }

  /** A client that has not logged in. */
  peer(): StompPeer {
    return new StompPeer(this.broker, this.protocol);
  }

  /** A client that has logged in. */
  async client(headers: Readonly<Record<string, string>> = {}): Promise<StompPeer> {
    const peer = this.peer();
    await peer.connect(headers);
    peer.take();
    return peer;
  }

  queue(name: string): Queue | undefined {
    return this.broker.vhost('/').queues.get(name);
  }

  /** The number of messages of a queue that were delivered and not settled. */
  unsettled(name: string): number {
    const queue = this.queue(name);
    return queue === undefined ? 0 : queue.index.count - queue.readyCount;
  }

  /** The names of all queues that begin with a text. */
  names(beginning = ''): string[] {
    return [...this.broker.vhost('/').queues.keys()].filter((name) => name.startsWith(beginning));
  }

  /** Declares a durable queue. */
  declare(name: string, args: object = {}): Queue {
    const options = { durable: true, exclusive: false, autoDelete: false };
    return this.broker
      .vhost('/')
      .declareQueue(name, { ...options, arguments: { ...noArguments, ...args } as never }, owner);
  }

  /** Takes all messages of a queue, with their properties as AMQP 0-9-1 encodes them. */
  drain(name: string) {
    const found: { properties: object; body: string; key: string }[] = [];
    class Reader extends Inbox {
      override deliver(d: Parameters<Inbox['deliver']>[0]): void {
        const { buffer, headAt, headLength, bodyAt, bodyLength } = d;
        found.push({
          properties: structuredClone(readProperties(buffer, headAt, headAt + headLength)),
          body: buffer.toString('utf8', bodyAt, bodyAt + bodyLength),
          key: d.routingKey(),
        });
      }
    }
    const subscription = this.queue(name)?.subscribe(new Reader(), {
      ...plainSubscribe,
      settled: true,
    });
    this.broker.pump();
    subscription?.stop();
    return found;
  }
}

/** A frame in short: what an ERROR, a RECEIPT or a MESSAGE says. */
export function shown({ command, headers, body }: ReceivedFrame): string {
  if (command === 'ERROR') return `ERROR ${headers['message']}: ${body}`;
  if (command === 'RECEIPT') return `RECEIPT ${headers['receipt-id']}`;
  return `${command} ${body}`;
}
