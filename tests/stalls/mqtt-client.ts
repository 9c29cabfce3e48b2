// An MQTT client that sends any number of packets at once.

import type { Duplex } from 'node:stream';
import { connectPacket, packet, subscribePacket } from '../support/mqtt-packets.ts';
import { until } from '../support/processes.ts';
import { writeAll } from './secure-socket.ts';

/** An MQTT client of version 5. */
export class MqttClient {
  readonly #socket: Duplex;
  #received: Buffer = Buffer.alloc(0);
  /** The number of packets that have come, by their type. */
  readonly counts = new Map<number, number>();

  private constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** A client that has logged in; its session outlives the connection. */
  static async over(socket: Duplex, clientId: string, isClean: boolean): Promise<MqttClient> {
    const client = new MqttClient(socket);
    await client.send(
      connectPacket({
        version: 5,
        clientId,
        username: 'guest',
        password: 'guest',
        clean: isClean,
        properties: { 17: 1000 },
      }),
    );
    await client.untilCount(2, 1);
    return client;
  }

  #read(bytes: Buffer): void {
    const all = Buffer.concat([this.#received, bytes]);
    let at = 0;
    for (;;) {
      let size = 0;
      let read = at + 1;
      let shift = 0;
      while (read < all.length) {
        const byte = all[read++] ?? 0;
        size |= (byte & 127) << shift;
        shift += 7;
        if (byte < 128) break;
      }
      if (read >= all.length && (all[read - 1] ?? 128) > 127) break;
      if (at + 1 >= all.length || read + size > all.length) break;
      const type = (all[at] ?? 0) >> 4;
      this.counts.set(type, this.countOf(type) + 1);
      at = read + size;
    }
    this.#received = Buffer.from(all.subarray(at));
  }

  countOf(type: number): number {
    return this.counts.get(type) ?? 0;
  }

  async untilCount(type: number, count: number): Promise<void> {
    await until(`${count} packets of type ${type}`, () => this.countOf(type) >= count, 600_000);
  }

  /** Sends packets at once. */
  async send(...packets: readonly Buffer[]): Promise<void> {
    await writeAll(this.#socket, Buffer.concat(packets));
  }

  /** Subscribes to filters, in one packet, with a quality of service. */
  async subscribe(filters: readonly string[], qos = 0): Promise<void> {
    await this.send(
      subscribePacket(5, 1, Object.fromEntries(filters.map((filter) => [filter, qos]))),
    );
  }

  /** Everything that was sent before is done. */
  async caughtUp(): Promise<void> {
    const before = this.countOf(13);
    await this.send(packet(0xc0));
    await this.untilCount(13, before + 1);
  }

  /** Ends the socket without a word. */
  cut(): void {
    this.#socket.destroy();
  }
}
