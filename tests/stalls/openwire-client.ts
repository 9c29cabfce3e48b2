// An OpenWire client that sends any number of commands at once.

import type { Duplex } from 'node:stream';
import { Codec } from '../../src/protocols/openwire/codec/codec.ts';
import {
  connectionInfo,
  type DataStructure,
  type Destination,
  keepAliveInfo,
  type MessageDispatch,
  messageAck,
  type ProducerId,
  producerInfo,
  sessionInfo,
  type TransactionId,
  textMessage,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import type { WireFormat } from '../../src/protocols/openwire/codec/wire-format.ts';
import { clientFormatInfo } from '../support/openwire-peer.ts';
import { until } from '../support/processes.ts';
import { writeAll } from './secure-socket.ts';

const format: WireFormat = {
  version: 12,
  isTight: false,
  cacheSize: 0,
  inactivityMs: 0,
  inactivityDelayMs: 0,
};

/** Command numbers, which tell commands apart. */
type Numbered = DataStructure & { commandId: number; responseRequired: boolean };

/** An OpenWire client. */
export class OpenWireClient {
  readonly connection: string;
  readonly #socket: Duplex;
  readonly #codec = new Codec(format);
  #received: Buffer = Buffer.alloc(0);
  /** What has come since, of a command that is not complete. */
  #more: Buffer[] = [];
  #moreBytes = 0;
  #commandId = 0;
  #sequence = 0;
  #waiting = new Map<number, (answer: DataStructure) => void>();
  /** The number of messages that have come, and the last ones. */
  dispatchCount = 0;
  dispatches: MessageDispatch[] = [];
  /** The texts of errors that have come. */
  readonly errors: string[] = [];

  private constructor(socket: Duplex, connection: string) {
    this.#socket = socket;
    this.connection = connection;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** A client that has logged in, with session 1 and producer 1. */
  static async over(socket: Duplex, connection: string): Promise<OpenWireClient> {
    const client = new OpenWireClient(socket, connection);
    await writeAll(socket, clientFormatInfo(format));
    await client.ask(
      connectionInfo({
        connectionId: { type: types.ConnectionId, value: connection },
        clientId: connection,
        userName: 'guest',
        password: 'guest',
      }),
    );
    const sessionId = { type: types.SessionId, connectionId: connection, value: 1 } as const;
    await client.send(sessionInfo({ sessionId }), producerInfo({ producerId: client.producerId }));
    return client;
  }

  get producerId(): ProducerId {
    return { type: types.ProducerId, connectionId: this.connection, value: 1, sessionId: 1 };
  }

  #read(bytes: Buffer): void {
    this.#more.push(bytes);
    this.#moreBytes += bytes.length;
    const wanted = this.#received.length < 4 ? 4 : 4 + this.#received.readUInt32BE(0);
    if (this.#received.length + this.#moreBytes < wanted) return;
    const all = Buffer.concat([this.#received, ...this.#more]);
    this.#more = [];
    this.#moreBytes = 0;
    let at = 0;
    while (at + 4 <= all.length && at + 4 + all.readUInt32BE(at) <= all.length) {
      const end = at + 4 + all.readUInt32BE(at);
      if (all[at + 4] !== 1) this.#heard(this.#codec.decode(all, at + 4, end));
      at = end;
    }
    this.#received = Buffer.from(all.subarray(at));
  }

  #heard(command: DataStructure | undefined): void {
    if (command?.type === types.MessageDispatch) {
      this.dispatchCount++;
      this.dispatches.push(command);
    } else if (command?.type === types.KeepAliveInfo && command.responseRequired) {
      void this.send(keepAliveInfo());
    } else if (command !== undefined && 'correlationId' in command) {
      if (command.type === types.ExceptionResponse) {
        this.errors.push(`${command.exception?.className}: ${command.exception?.message}`);
      }
      const id = Number(command.correlationId);
      this.#waiting.get(id)?.(command);
      this.#waiting.delete(id);
    }
  }

  #encode(command: DataStructure): Buffer {
    const pieces: Buffer[] = [];
    this.#codec.encode(command, {
      append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
    });
    return Buffer.concat(pieces);
  }

  /** Sends commands at once. */
  async send(...commands: readonly DataStructure[]): Promise<void> {
    await writeAll(this.#socket, Buffer.concat(commands.map((each) => this.#encode(each))));
  }

  /** Sends many commands, some hundred at a time. */
  async sendMany(count: number, make: (n: number) => DataStructure): Promise<void> {
    for (let n = 0; n < count; n += 500) {
      const size = Math.min(500, count - n);
      await this.send(...Array.from({ length: size }, (_, at) => make(n + at)));
    }
    await this.caughtUp();
  }

  /** Sends a command and waits for its answer. */
  async ask(command: Numbered): Promise<DataStructure> {
    command.commandId = ++this.#commandId;
    command.responseRequired = true;
    const answered = new Promise<DataStructure>((resolve) => {
      this.#waiting.set(command.commandId, resolve);
    });
    await this.send(command);
    return answered;
  }

  /** Everything that was sent before is done. */
  async caughtUp(): Promise<void> {
    const sessionId = { type: types.SessionId, connectionId: this.connection, value: 2 } as const;
    await this.ask(sessionInfo({ sessionId }));
  }

  /** A persistent message with a text. */
  message(destination: Destination, text: string, transactionId?: TransactionId): DataStructure {
    const content = Buffer.alloc(4 + Buffer.byteLength(text));
    content.writeInt32BE(content.length - 4);
    content.write(text, 4);
    const { producerId } = this;
    return textMessage({
      producerId,
      destination,
      transactionId,
      content,
      persistent: true,
      priority: 4,
      messageId: {
        type: types.MessageId,
        textView: undefined,
        producerId,
        producerSequenceId: ++this.#sequence,
        brokerSequenceId: 0,
      },
    });
  }

  /** Waits for a number of messages, and acknowledges all of them, perhaps in a transaction. */
  async acknowledge(count: number, transactionId?: TransactionId): Promise<void> {
    await until('all have come', () => this.dispatchCount >= count, 120_000);
    const last = this.dispatches.at(-1);
    await this.ask(
      messageAck({
        consumerId: last?.consumerId,
        destination: last?.destination,
        transactionId,
        ackType: 2,
        firstMessageId: this.dispatches[0]?.message?.messageId,
        lastMessageId: last?.message?.messageId,
        messageCount: this.dispatches.length,
      }),
    );
    this.dispatches = [];
  }

  /** Ends the socket without a word. */
  cut(): void {
    this.#socket.destroy();
  }
}
