// Publishing and consuming of numbered messages.

import type { Waxwing } from '../support/waxwing.ts';

/** Messages between two waits for confirms, and deliveries on their way to a consumer. */
const batchCount = 500;

/** Publishes persistent messages that begin with their numbers; resolves when all are confirmed. */
export async function publish(
  waxwing: Waxwing,
  queue: string,
  numbers: readonly number[],
  sizeBytes: number,
): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  for (let first = 0; first < numbers.length; first += batchCount) {
    for (const number of numbers.slice(first, first + batchCount)) {
      channel.sendToQueue(queue, Buffer.alloc(sizeBytes, `${number} `), { persistent: true });
    }
    await channel.waitForConfirms();
  }
  await client.close();
}

/** Consumes and acknowledges the given number of messages, and returns their numbers in order. */
export async function drain(waxwing: Waxwing, queue: string, count: number): Promise<number[]> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  await channel.prefetch(batchCount);
  const numbers: number[] = [];
  await new Promise<void>((resolve, reject) => {
    client.ended.then((reason) => reject(new Error(`the connection ended: ${reason}`)), reject);
    const consuming = channel.consume(queue, (message) => {
      if (message === null || numbers.length === count) return;
      numbers.push(Number.parseInt(message.content.toString('latin1', 0, 12), 10));
      channel.ack(message);
      if (numbers.length === count) resolve();
    });
    consuming.catch(reject);
  });
  // Further messages are requeued; the answer means that all acknowledgements were processed.
  await channel.close();
  await client.close();
  return numbers;
}

/** How long messages wait for their confirms, one after the other, in milliseconds. */
export async function latencies(
  waxwing: Waxwing,
  queue: string,
  count: number,
): Promise<{ readonly p50: number; readonly p99: number; readonly max: number }> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const beganMs = performance.now();
    channel.sendToQueue(queue, Buffer.from(`${i} `), { persistent: true });
    await channel.waitForConfirms();
    found.push(Math.round((performance.now() - beganMs) * 100) / 100);
  }
  await channel.purgeQueue(queue);
  await client.close();
  found.sort((a, b) => a - b);
  const at = (part: number) => found[Math.min(count - 1, Math.floor(count * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
