// A publisher that waits for confirms.

import type { ConfirmChannel } from 'amqplib';
import { AmqpClient } from '../support/amqp-client.ts';

/** The target and the messages of a publisher. */
export interface PublisherOptions {
  readonly url: string;
  /** PEM */
  readonly ca: string;
  readonly queue: string;
  readonly sizeBytes: number;
  /** Messages on their way at a time. */
  readonly windowCount: number;
}

/** Publishes numbered messages as fast as they are confirmed, and hears of being blocked. */
export class Publisher {
  readonly client: AmqpClient;
  sentCount = 0;
  confirmedCount = 0;
  isBlocked = false;
  /** Reasons of all times that it was blocked. */
  readonly reasons: string[] = [];
  readonly #options: PublisherOptions;
  readonly #channel: ConfirmChannel;
  #countMax = Infinity;
  #isEnded = false;

  private constructor(client: AmqpClient, channel: ConfirmChannel, options: PublisherOptions) {
    this.client = client;
    this.#channel = channel;
    this.#options = options;
    client.model.on('blocked', (reason: string) => {
      this.isBlocked = true;
      this.reasons.push(reason);
    });
    client.model.on('unblocked', () => {
      this.isBlocked = false;
    });
    client.model.on('close', () => {
      this.#isEnded = true;
    });
  }

  /** Declares the durable queue without publishing. */
  static async connect(options: PublisherOptions): Promise<Publisher> {
    const client = await AmqpClient.connect(options.url, options.ca);
    const channel = await client.model.createConfirmChannel();
    await channel.assertQueue(options.queue, { durable: true });
    return new Publisher(client, channel, options);
  }

  /** Publishes until it is stopped. */
  start(): void {
    this.#countMax = Infinity;
    this.#send();
  }

  /** Publishes nothing more; what is on its way may still be confirmed. */
  stop(): void {
    this.#countMax = this.sentCount;
  }

  get isAllConfirmed(): boolean {
    return this.confirmedCount === this.sentCount;
  }

  #send(): void {
    const { queue, sizeBytes, windowCount } = this.#options;
    const hasRoom = () => this.sentCount - this.confirmedCount < windowCount;
    while (hasRoom() && !this.#isEnded && this.sentCount < this.#countMax) {
      const body = Buffer.alloc(sizeBytes, `${this.sentCount++} `);
      this.#channel.sendToQueue(queue, body, { persistent: true }, (error: unknown) => {
        if (error) return;
        this.confirmedCount++;
        setImmediate(() => this.#send());
      });
    }
  }
}

/** The number of a message that a publisher made. */
export function numberOf(body: Buffer): number {
  return Number.parseInt(body.toString('latin1', 0, 12), 10);
}
