// Clients of the load during kills.

import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import type { AmqpClient } from '../support/amqp-client.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { bodyOf, type Ledger, type Message, type Settlement, type Transaction } from './ledger.ts';
import { TransactionChannel } from './transaction-channel.ts';

/** How many settlements go by until the next proof that the broker has heard them. */
const settlementsPerProof = 20;
const persistent = { persistent: true } as const;

/** One connection of the load: what it publishes keeps its order, and what it settles too. */
export class LoadClient {
  readonly line: number;
  readonly client: AmqpClient;
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  #seq = 0;
  /** Settlements whose result is not known yet. */
  #unheard: Settlement[] = [];
  #isOpen = true;

  constructor(client: AmqpClient, line: number, ledger: Ledger, random: SeededRandom) {
    this.client = client;
    this.line = line;
    this.ledger = ledger;
    this.random = random;
    client.model.on('close', () => {
      this.#isOpen = false;
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get nextSeq(): number {
    return this.#seq++;
  }

  /** Mostly small, sometimes longer than a block, rarely longer than a frame. */
  sizeBytes(): number {
    const { random } = this;
    if (random.oneIn(300)) return random.below(300_000);
    return random.oneIn(20) ? random.below(20_000) : random.below(1000);
  }

  /** Publishes to the queues of an exchange, this many messages at a time on their way. */
  publish(
    channel: ConfirmChannel,
    exchange: string,
    queues: readonly string[],
    windowCount: number,
  ): void {
    let onTheWay = 0;
    let isDue = false;
    const routingKey = exchange === '' ? (queues[0] ?? '') : '';
    const send = () => {
      isDue = false;
      for (; this.#isOpen && onTheWay < windowCount; onTheWay++) {
        const messages = this.ledger.publish(queues, this.line, this.nextSeq, this.sizeBytes());
        const [first] = messages;
        if (first === undefined) return;
        channel.publish(exchange, routingKey, bodyOf(first), persistent, (error: unknown) => {
          if (error) return;
          this.ledger.confirmed(messages);
          onTheWay--;
          if (isDue) return;
          isDue = true;
          setImmediate(send);
        });
      }
    };
    send();
  }

  /** Consumes a queue; messages that should not have come are noted and left. */
  async consume(
    channel: Channel,
    queue: string,
    prefetchCount: number,
    take: (delivery: ConsumeMessage, message: Message) => void,
  ): Promise<void> {
    await channel.prefetch(prefetchCount);
    await channel.consume(queue, (delivery) => {
      if (delivery === null || !this.#isOpen) return;
      const message = this.ledger.delivered(queue, delivery.content);
      if (message !== undefined) take(delivery, message);
    });
  }

  /** Call this before the settlement is sent. */
  settle(message: Message, kind: Settlement['kind']): void {
    this.#unheard.push(this.ledger.settle(message, kind, this.line, this.nextSeq));
  }

  /** What was settled and is not known to have been heard; whoever takes it gets to know. */
  takeUnheard(): Settlement[] {
    return this.#unheard.splice(0);
  }

  /** Once in a while: asks something, whose answer proves what went before to have been heard. */
  prove(channel: Channel, queue: string): void {
    if (this.#unheard.length < settlementsPerProof || !this.#isOpen) return;
    const settlements = this.takeUnheard();
    channel.checkQueue(queue).then(
      () => {
        const nowMs = performance.now();
        for (const settlement of settlements) settlement.heardAtMs = nowMs;
      },
      () => {}, // killed before: nothing is known
    );
  }
}

/** Acknowledges one by one. */
export async function ackSingly(load: LoadClient, queue: string): Promise<void> {
  const channel = await load.client.model.createChannel();
  await load.consume(channel, queue, load.random.pick([1, 10, 300]), (delivery, message) => {
    load.settle(message, 'ack');
    channel.ack(delivery);
    load.prove(channel, queue);
  });
}

/** Acknowledges several at once. */
export async function ackMultiple(load: LoadClient, queue: string): Promise<void> {
  const channel = await load.client.model.createChannel();
  let held: Message[] = [];
  await load.consume(channel, queue, 200, (delivery, message) => {
    held.push(message);
    // All that the broker hands out ahead would otherwise be held for ever.
    if (held.length < 150 && !load.random.oneIn(30)) return;
    for (const each of held) load.settle(each, 'ack');
    held = [];
    channel.ack(delivery, true);
    load.prove(channel, queue);
  });
}

/** Gives some back to the queue, and acknowledges the others. */
export async function requeue(load: LoadClient, queue: string): Promise<void> {
  const channel = await load.client.model.createChannel();
  await load.consume(channel, queue, 50, (delivery, message) => {
    if (load.random.oneIn(3)) {
      channel.nack(delivery, false, true);
      return;
    }
    load.settle(message, 'ack');
    channel.ack(delivery);
    load.prove(channel, queue);
  });
}

/** Rejects some, which makes dead letters of them, and acknowledges the others. */
export async function reject(load: LoadClient, queue: string): Promise<void> {
  const channel = await load.client.model.createChannel();
  await load.consume(channel, queue, 100, (delivery, message) => {
    const isRejected = load.random.oneIn(2);
    load.settle(message, isRejected ? 'reject' : 'ack');
    if (isRejected) channel.reject(delivery, false);
    else channel.ack(delivery);
    load.prove(channel, queue);
  });
}

/** Acknowledges a message, then publishes another to the next queue, on one connection. */
export async function republish(load: LoadClient, from: string, to: string): Promise<void> {
  const channel = await load.client.model.createConfirmChannel();
  await load.consume(channel, from, 100, (delivery, message) => {
    load.settle(message, 'ack');
    channel.ack(delivery);
    const before = load.takeUnheard();
    const published = load.ledger.publish([to], load.line, load.nextSeq, load.sizeBytes());
    const [first] = published;
    if (first === undefined) return;
    channel.sendToQueue(to, bodyOf(first), persistent, (error: unknown) => {
      if (error) return;
      load.ledger.confirmed(published);
      for (const settlement of before) settlement.isBeforeConfirm = true;
    });
  });
}

/** Takes messages and publishes others in one transaction, again and again. */
export async function transact(
  load: LoadClient,
  from: string,
  to: readonly string[],
): Promise<void> {
  const channel = new TransactionChannel(await load.client.model.createChannel());
  await channel.select();
  const run = async () => {
    while (load.isOpen) await transactOnce(load, channel, from, to);
  };
  run().catch(() => {}); // killed: what is known of the transaction is in the ledger
}

async function transactOnce(
  load: LoadClient,
  transactions: TransactionChannel,
  from: string,
  to: readonly string[],
): Promise<void> {
  const { ledger, random } = load;
  const { channel } = transactions;
  const transaction: Transaction = { state: 'open', published: [] };
  for (let count = random.below(4); count > 0; count--) {
    const delivery = await channel.get(from);
    if (delivery === false) break;
    const message = ledger.delivered(from, delivery.content);
    if (message === undefined) continue;
    message.takenIn = transaction;
    channel.ack(delivery);
  }
  for (let count = 1 + random.below(4); count > 0; count--) {
    const queue = random.pick(to);
    const size = load.sizeBytes();
    const [message] = ledger.publish([queue], load.line, load.nextSeq, size, transaction);
    if (message !== undefined) channel.sendToQueue(queue, bodyOf(message), persistent);
  }
  ledger.counts.transactions++;
  if (random.oneIn(5)) {
    transaction.state = 'rolled-back';
    await transactions.rollback();
    return;
  }
  transaction.state = 'asked';
  await transactions.commit();
  transaction.state = 'committed';
}
