// Transactions with amqplib.

import type { Channel } from 'amqplib';

/** Internal members of a channel in amqplib. */
interface Inside {
  readonly ch: number;
  readonly connection: {
    readonly channels: readonly {
      readonly buffer: { readonly readableLength: number; readonly writableLength: number };
    }[];
  };
  rpc(method: number, fields: object, expected: number): Promise<unknown>;
}

const select = 0x5a_00_0a;
const commit = 0x5a_00_14;
const rollback = 0x5a_00_1e;

/** Transactions by amqplib, which can say the methods but has no function for them. */
export class TransactionChannel {
  readonly channel: Channel;
  readonly #inside: Inside;

  constructor(channel: Channel) {
    this.channel = channel;
    this.#inside = channel as unknown as Inside;
  }

  async select(): Promise<void> {
    await this.#inside.rpc(select, {}, select + 1);
  }

  async commit(): Promise<void> {
    await this.#published();
    await this.#inside.rpc(commit, {}, commit + 1);
  }

  async rollback(): Promise<void> {
    await this.#published();
    await this.#inside.rpc(rollback, {}, rollback + 1);
  }

  /** What is published goes through a buffer, which methods would overtake. */
  async #published(): Promise<void> {
    const { connection, ch } = this.#inside;
    for (;;) {
      const buffer = connection.channels[ch]?.buffer;
      if (buffer === undefined || buffer.readableLength + buffer.writableLength === 0) return;
      await new Promise(setImmediate);
    }
  }
}
