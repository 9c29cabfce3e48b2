// The load during kills.

import type { Channel } from 'amqplib';
import { AmqpClient } from '../support/amqp-client.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import {
  ackMultiple,
  ackSingly,
  LoadClient,
  reject,
  republish,
  requeue,
  transact,
} from './clients.ts';
import type { Ledger } from './ledger.ts';

/** The queue of rejected messages. */
export const deadLettersOf: ReadonlyMap<string, string> = new Map([['rejected', 'dead']]);

/** A stream, which keeps what its consumers acknowledge. */
export const stream = 'stream';
const fanned = ['fan-1', 'fan-2', 'fan-3', stream] as const;
const committed = ['committed-1', 'committed-2'] as const;

/** All queues of the load. */
export const queues: readonly string[] = [
  'kept',
  'singly',
  'multiple',
  'requeued',
  'rejected',
  'dead',
  'copied',
  'copies',
  'taken',
  ...committed,
  ...fanned,
];

/** The address of a broker. */
export interface Place {
  readonly url: string;
  /** PEM */
  readonly ca: string;
}

/** Declares everything that the load uses, durable. */
export async function declareAll({ url, ca }: Place): Promise<void> {
  const client = await AmqpClient.connect(url, ca);
  const channel = await client.model.createChannel();
  await channel.assertExchange('fan', 'fanout', { durable: true });
  for (const queue of queues) {
    if (queue === stream) continue;
    const deadLetterRoutingKey = deadLettersOf.get(queue);
    const options = deadLetterRoutingKey && { deadLetterExchange: '', deadLetterRoutingKey };
    await channel.assertQueue(queue, { durable: true, ...options });
  }
  await declareStream(channel);
  for (const queue of fanned) await channel.bindQueue(queue, 'fan', '');
  await client.close();
}

/** Declares the stream, and binds it. */
export async function declareStream(channel: Channel): Promise<void> {
  await channel.assertQueue(stream, { durable: true, arguments: { 'x-queue-type': 'stream' } });
  await channel.bindQueue(stream, 'fan', '');
}

/** A load of everything that promises something, on connections that a kill will end. */
export class Load {
  readonly #place: Place;
  readonly #ledger: Ledger;
  readonly #random: SeededRandom;
  readonly #ends: Promise<unknown>[] = [];
  #line = 0;
  #isEndExpected = false;

  constructor(place: Place, ledger: Ledger, random: SeededRandom) {
    this.#place = place;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Connects everybody; the load flows when this resolves. */
  async start(): Promise<void> {
    this.#ledger.beginEra();
    await this.#publish('', ['kept'], ['singly'], ['multiple']);
    await this.#publish('', ['requeued'], ['rejected'], ['singly']);
    await this.#publish('', ['copied'], ['taken'], ['kept']);
    await this.#publish('fan', fanned);
    await ackSingly(await this.#connect(), 'singly');
    await ackSingly(await this.#connect(), 'singly');
    await ackMultiple(await this.#connect(), 'multiple');
    await requeue(await this.#connect(), 'requeued');
    await reject(await this.#connect(), 'rejected');
    await republish(await this.#connect(), 'copied', 'copies');
    await transact(await this.#connect(), 'taken', committed);
    await ackSingly(await this.#connect(), fanned[0]);
  }

  /** From now on nobody wonders about connections that end. */
  expectEnd(): void {
    this.#isEndExpected = true;
  }

  /** Resolves when every connection has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }

  async #connect(): Promise<LoadClient> {
    const client = await AmqpClient.connect(this.#place.url, this.#place.ca);
    const line = this.#line++;
    const noted = (reason: string) => {
      if (!this.#isEndExpected) this.#ledger.disconnected(`connection ${line}`, reason);
    };
    this.#ends.push(client.ended.then(noted));
    return new LoadClient(client, line, this.#ledger, this.#random);
  }

  /** One connection with a channel for each list of queues. */
  async #publish(exchange: string, ...lists: readonly (readonly string[])[]): Promise<void> {
    const load = await this.#connect();
    for (const list of lists) {
      const channel = await load.client.model.createConfirmChannel();
      load.publish(channel, exchange, list, this.#random.pick([1, 8, 30, 100]));
    }
  }
}
