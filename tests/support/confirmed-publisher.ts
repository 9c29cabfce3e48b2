// A publisher to a quorum queue that survives the loss of its connections.

import type { ConfirmChannel } from 'amqplib';
import { AmqpClient } from './amqp-client.ts';

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
/** Messages of a publisher that wait for their confirms. */
const windowSize = 50;

/** Where it publishes to. */
export interface PublisherPlace {
  readonly url: string;
  /** The certificate to trust, PEM. */
  readonly ca: string;
  readonly queue: string;
}

/** A client of amqplib that publishes, and connects again when its connection is lost. */
export class ConfirmedPublisher {
  readonly confirmed = new Set<string>();
  readonly #place: PublisherPlace;
  readonly #name: string;
  #number = 0;
  #isEnding = false;
  readonly #ended: Promise<void>;

  constructor(place: PublisherPlace, name: string) {
    this.#place = place;
    this.#name = name;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await this.#publish().catch(() => {}); // its connection was lost, or none was possible
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #publish(): Promise<void> {
    const client = await AmqpClient.connect(this.#place.url, this.#place.ca);
    try {
      const channel = await client.model.createConfirmChannel();
      channel.on('error', () => {});
      await channel.assertQueue(this.#place.queue, quorum);
      while (!this.#isEnding) {
        const some = Array.from({ length: windowSize }, () => `${this.#name} ${this.#number++}`);
        await Promise.race([
          Promise.all(some.map((body) => this.#send(channel, body))),
          client.ended.then((reason) => Promise.reject(new Error(reason))),
        ]);
      }
    } finally {
      await client.close().catch(() => {}); // it is closed already
    }
  }

  #send(channel: Pick<ConfirmChannel, 'sendToQueue'>, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      channel.sendToQueue(this.#place.queue, Buffer.from(body), { persistent: true }, (error) => {
        if (error !== null && error !== undefined) reject(error);
        else {
          this.confirmed.add(body);
          resolve();
        }
      });
    });
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
  }
}
