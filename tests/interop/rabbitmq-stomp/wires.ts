// A STOMP client's view of a broker: what it sends, and everything that it is sent.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { StompPeer } from '../../support/stomp-peer.ts';
import { RabbitMqStomp } from '../../support/stomp-rabbitmq.ts';

/** A client of one of the two brokers. */
export interface Wire {
  send(frame: string): void;
  /**
   * Everything that has come since the last call.
   *
   * @param expected what another broker has answered, for which is waited
   */
  take(expected: Answer | undefined): Promise<string>;
  readonly isClosed: boolean;
  close(): void;
}

/** What a broker has answered to a frame. */
export interface Answer {
  readonly frameCount: number;
  readonly isClosed: boolean;
}

/** The number of frames in a text. */
export const countFrames = (text: string): number => text.split('\0\n').length - 1;

/** A broker that clients connect to. */
export type Connect = () => Promise<Wire>;

/** Milliseconds after which an expected answer is missing. */
const patienceMs = 10_000;

class SocketWire implements Wire {
  isClosed = false;
  readonly #socket: Socket;
  #text = '';
  #changed = (): void => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      this.#changed();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#changed();
    });
  }

  send(frame: string): void {
    this.#socket.write(Buffer.from(frame, 'latin1'));
  }

  #has({ frameCount, isClosed }: Answer): boolean {
    return countFrames(this.#text) >= frameCount && this.isClosed === isClosed;
  }

  async take(expected: Answer = { frameCount: 0, isClosed: false }): Promise<string> {
    const timer = setTimeout(() => this.#changed(), patienceMs);
    const untilMs = Date.now() + patienceMs;
    while (!this.#has(expected) && Date.now() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    clearTimeout(timer);
    const text = this.#text;
    this.#text = '';
    return text;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects to a real RabbitMQ. */
export function toPort(port: number): Connect {
  return async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new SocketWire(socket);
  };
}

/** Turns of the event loop after which nothing more is expected. */
const quietTurns = 50;

class PeerWire implements Wire {
  readonly #b: RabbitMqStomp;
  readonly #peer: StompPeer;

  constructor(b: RabbitMqStomp) {
    this.#b = b;
    this.#peer = b.peer();
  }

  get isClosed(): boolean {
    return this.#peer.isClosed;
  }

  send(frame: string): void {
    this.#peer.receive(Buffer.from(frame, 'latin1'));
  }

  async take(): Promise<string> {
    for (let turn = 0; turn < quietTurns; turn++) {
      await new Promise(setImmediate);
      this.#b.sync();
      this.#peer.connection.flush();
    }
    return Buffer.concat(this.#peer.received.splice(0)).toString('latin1');
  }

  close(): void {
    this.#peer.connection.ended();
  }
}

/** Connects to a broker of this program with the user `guest`. */
export async function toOwn(): Promise<Connect> {
  const users = [{ username: 'guest', passwordHash: 'guest' }];
  const b = await RabbitMqStomp.open({}, { users });
  return async () => new PeerWire(b);
}
