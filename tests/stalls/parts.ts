// Parts of the inputs.

import type { Argument } from '../../src/broker/arguments.ts';
import { methodFrame, publishFrames } from '../support/amqp-peer.ts';
import type { MeteredProcess } from './metered-process.ts';
import type { RawClient } from './raw-client.ts';

/** The operations of a test before and during the measurement. */
export interface Parts {
  readonly broker: MeteredProcess;
  readonly client: RawClient;
  /** Of what there is much. */
  readonly count: number;
}

/** An input of one client that must not affect others. */
export interface Input {
  readonly what: string;
  /** In a long run, and in a short one. */
  readonly counts: readonly [long: number, short: number];
  /** Makes ready, and returns what is measured. */
  readonly prepare: (parts: Parts) => Promise<() => Promise<void>>;
}

/** An input of clients of a broker of ActiveMQ's type, in long runs. */
export interface ActiveMqInput {
  readonly what: string;
  readonly count: number;
  /** Makes ready, and returns what is measured. */
  readonly prepare: (broker: MeteredProcess, count: number) => Promise<() => Promise<void>>;
}

/** A text as an argument. */
export const text = (value: string): Argument => ({ type: 'longstr', value });

/** Sends many frames, some hundred at a time. */
export async function sendMany(
  client: RawClient,
  count: number,
  frame: (i: number) => Buffer,
): Promise<void> {
  for (let i = 0; i < count; i += 500) {
    const size = Math.min(500, count - i);
    await client.send(...Array.from({ length: size }, (_, at) => frame(i + at)));
  }
  await client.caughtUp();
}

/** Publishes empty messages to a queue. */
export const messages = (client: RawClient, queue: string, count: number) =>
  sendMany(client, count, () => publishFrames(1, queue, ''));

/** How many messages a queue has ready. */
export async function messageCount(client: RawClient, queue: string): Promise<number> {
  const none = { durable: false, exclusive: false, autoDelete: false, noWait: false } as const;
  const method = { id: 0x0032000a, queue, passive: true, ...none, arguments: {} } as const;
  const answer = await client.call(1, method, 0x0032000b);
  return answer.id === 0x0032000b ? answer.messageCount : -1;
}

/** Whether a queue is no longer there. */
export const isGone = (broker: MeteredProcess, queue: string) => async (): Promise<boolean> => {
  const client = await broker.connect();
  const ended = Promise.race([client.next(0x00140028), client.next(0x0032000b)]);
  const none = { durable: false, exclusive: false, autoDelete: false, noWait: false } as const;
  await client.send(
    methodFrame(1, { id: 0x0032000a, queue, passive: true, ...none, arguments: {} }),
  );
  const { id } = await ended;
  const isNotFound = id === 0x00140028 && client.closeText?.startsWith('NOT_FOUND') === true;
  client.cut();
  return isNotFound;
};
