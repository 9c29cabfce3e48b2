// The contents of all queues after a kill.

import type { Channel, ConsumeMessage } from 'amqplib';
import { AmqpClient } from '../support/amqp-client.ts';
import { until } from '../support/processes.ts';
import { type Found, idOf } from './ledger.ts';
import { declareStream, type Place, queues, stream } from './load.ts';

/** All that a broker's queues hold, received by one client that has settled none of it. */
export class Harvest {
  readonly found = new Map<string, readonly Found[]>();
  readonly #client: AmqpClient;
  readonly #channels = new Map<string, Channel>();

  private constructor(client: AmqpClient) {
    this.#client = client;
  }

  /** Receives everything that there is while nobody else is connected. */
  static async take({ url, ca }: Place): Promise<Harvest> {
    const harvest = new Harvest(await AmqpClient.connect(url, ca));
    for (const queue of queues) await harvest.#read(queue);
    return harvest;
  }

  async #read(queue: string): Promise<void> {
    const channel = await this.#client.model.createChannel();
    this.#channels.set(queue, channel);
    const { messageCount } = await channel.checkQueue(queue);
    const found: Found[] = [];
    this.found.set(queue, found);
    const isStream = queue === stream;
    if (isStream) await channel.prefetch(1000);
    const options = isStream ? { arguments: { 'x-stream-offset': 'first' } } : {};
    const take = (delivery: ConsumeMessage | null) => {
      if (delivery === null) return;
      found.push({ id: idOf(delivery.content), body: delivery.content });
      if (isStream) channel.ack(delivery);
    };
    await channel.consume(queue, take, options);
    // Not the last word: what is behind the last message that was counted would come as well.
    await until(
      () => `${found.length} of ${messageCount} messages of ${queue} have come`,
      () => found.length >= messageCount,
    );
    const { messageCount: left } = await channel.checkQueue(queue);
    if (left > 0 && !isStream)
      throw new Error(`${queue} said ${messageCount} messages and holds ${left} more`);
  }

  /** Settles everything of a queue, which the broker has then heard. */
  async empty(queue: string): Promise<void> {
    const channel = this.#channels.get(queue);
    if (queue === stream && channel !== undefined) {
      await channel.deleteQueue(queue);
      await declareStream(channel);
      return;
    }
    channel?.ackAll();
    await channel?.checkQueue(queue);
  }

  /** Gives back what was not settled. */
  close(): Promise<void> {
    return this.#client.close();
  }
}
