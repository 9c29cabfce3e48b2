// An AMQP client over amqplib.

import { type ChannelModel, type ConsumeMessage, connect } from 'amqplib';

/** amqplib as most programs use it, with its ends heard. */
export class AmqpClient {
  readonly model: ChannelModel;
  /** Resolves when the connection is gone, with the reason that the other side gave. */
  readonly ended: Promise<string>;

  private constructor(model: ChannelModel) {
    this.model = model;
    this.ended = new Promise((resolve) => {
      let reason = '';
      model.on('error', (error: Error) => {
        reason = error.message;
      });
      model.on('close', (error?: Error) => resolve(error?.message ?? reason));
    });
  }

  /** @param ca the certificate to trust, PEM */
  static async connect(url: string, ca: string): Promise<AmqpClient> {
    // Small writes, such as an acknowledgement and the next request, must not wait for each other.
    return new AmqpClient(await connect(url, { ca: [ca], noDelay: true }));
  }

  /**
   * Publishes persistent messages to a durable queue, which is declared; resolves when all are
   * confirmed.
   */
  async publish(queue: string, bodies: readonly string[]): Promise<void> {
    const channel = await this.model.createConfirmChannel();
    await channel.assertQueue(queue, { durable: true });
    for (const body of bodies) {
      channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
    }
    await channel.waitForConfirms();
    await channel.close();
  }

  /** Takes all that a queue holds, acknowledged one by one, and the bodies in their order. */
  async take(queue: string, countMax = Number.POSITIVE_INFINITY): Promise<string[]> {
    const channel = await this.model.createChannel();
    const bodies: string[] = [];
    while (bodies.length < countMax) {
      const message = await channel.get(queue);
      if (message === false) break;
      bodies.push(message.content.toString());
      channel.ack(message);
    }
    await channel.close(); // answered once the acknowledgements have been heard
    return bodies;
  }

  /** Consumes this many messages, acknowledged, and leaves the rest. */
  async consume(queue: string, count: number): Promise<string[]> {
    const channel = await this.model.createChannel();
    await channel.prefetch(10);
    const bodies: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const onMessage = (message: ConsumeMessage | null) => {
        if (message === null || bodies.length === count) return;
        bodies.push(message.content.toString());
        channel.ack(message);
        if (bodies.length === count) resolve();
      };
      channel.consume(queue, onMessage).catch(reject);
    });
    await channel.close();
    return bodies;
  }

  close(): Promise<void> {
    return this.model.close();
  }
}
