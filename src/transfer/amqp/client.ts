// A client's connection to an AMQP 0-9-1 server. Properties of messages are kept as the bytes that the
// sender wrote, so that no type or value of a header is lost on the way to another server.

import type { Duplex } from 'node:stream';
import { Reader } from '../../base/bytes.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { FrameReader, type FrameSink } from '../../protocols/amqp091/codec/frames.ts';
import {
  type ConnectionTune,
  type Method,
  methodIds,
  readMethod,
} from '../../protocols/amqp091/codec/methods.gen.ts';
import { boolean, type FieldTable, longString } from '../../protocols/amqp091/codec/tables.ts';
import { protocolHeader } from '../../protocols/amqp091/handshake.ts';
import { TransferError } from '../errors.ts';
import { ClientChannel } from './channel.ts';
import { heartbeatFrame, methodFrame } from './frames.ts';

/** The settings of a client. */
export interface ClientOptions {
  readonly clock: Clock;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** Whether the server knows who this is, whatever it offers. */
  readonly isInternal?: boolean;
  /** The name of the connection in lists of the server. */
  readonly connectionName: string;
  /** Seconds; undefined for what the server offers. 0 for no heartbeats. */
  readonly heartbeatSeconds?: number | undefined;
  readonly channelMax?: number | undefined;
  /** Maximum time until the connection is open, milliseconds. */
  readonly timeoutMs: number;
}

/** Frame size before the negotiation, bytes. */
const frameMaxAtFirst = 4096;
/** The largest frame that this client accepts and sends, bytes. */
const frameMaxWanted = 131_072;
/** Maximum time for the server to confirm the end of a connection, milliseconds. */
const closeTimeoutMs = 5000;
/** Heartbeat if the server offers none, seconds. */
const heartbeatDefault = 60;

const capabilities: FieldTable = {
  publisher_confirms: boolean(true),
  'basic.nack': boolean(true),
  consumer_cancel_notify: boolean(true),
  'connection.blocked': boolean(true),
  authentication_failure_close: boolean(true),
  exchange_exchange_bindings: boolean(true),
};

/** An open connection. */
export class AmqpClient implements FrameSink {
  /** Resolves with the reason when the connection has ended, for any reason. */
  readonly ended: Promise<TransferError>;
  /** The properties of the server. */
  serverProperties: FieldTable = {};
  frameMax: number = frameMaxAtFirst;
  readonly #stream: Duplex;
  readonly #options: ClientOptions;
  readonly #frames: FrameReader;
  readonly #channels = new Map<number, ClientChannel>();
  readonly #finish: (reason: TransferError) => void;
  #channelMax = 0;
  #lastChannel = 0;
  #opened: ((error?: TransferError) => void) | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #heartbeatMs = 0;
  #heartbeats: Timer | undefined = undefined;
  #heardAtMs = 0;
  /** Whether the server has sent any bytes. A server that refuses the protocol sends a header only. */
  #hasHeard = false;
  #hasWritten = false;
  #isCorked = false;
  #isEnded = false;
  #isClosing = false;
  #wakes: (() => void)[] = [];
  /** Those who want the peer not to be read now. */
  readonly #pauses = new Set<object>();

  private constructor(stream: Duplex, options: ClientOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#frames = new FrameReader(this, frameMaxAtFirst);
    let finish: (reason: TransferError) => void = () => {};
    this.ended = new Promise((resolve) => {
      finish = resolve;
    });
    this.#finish = finish;
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    stream.on('drain', () => this.#wake());
    stream.on('error', (error) => this.#end(failed(error.message, error)));
    stream.on('close', () => this.#end(failed('the server has closed the connection')));
  }

  /**
   * Logs in and opens the virtual host.
   *
   * @param stream the connection to the server; the client ends it
   * @throws {TransferError} `connection-failed`, `login-refused`, `protocol-error`
   */
  static open(stream: Duplex, options: ClientOptions): Promise<AmqpClient> {
    const client = new AmqpClient(stream, options);
    const { timeoutMs, clock } = options;
    return new Promise((resolve, reject) => {
      client.#opened = (error) => {
        client.#opened = undefined;
        client.#timer?.clear();
        if (error === undefined) resolve(client);
        else reject(error);
      };
      const late = () => client.#end(failed(`no AMQP connection within ${timeoutMs} ms`));
      client.#timer = clock.setTimeout(late, timeoutMs);
      client.write(protocolHeader);
    });
  }

  /** Whether the server takes more data. {@link writableAgain} tells when it does. */
  get isWritable(): boolean {
    return !this.#stream.writableNeedDrain;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Calls back once when the server takes more data, or the connection has ended. */
  writableAgain(then: () => void): void {
    this.#wakes.push(then);
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  /** Sends bytes. Those of one turn of the event loop are sent together. */
  write(bytes: Buffer): void {
    if (this.#isEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#hasWritten = true;
    this.#stream.write(bytes);
  }

  /** Sends a method. */
  send(channel: number, method: Method): void {
    this.write(methodFrame(channel, method));
  }

  /** Stops reading until `who` resumes. Heartbeats of the server are not missed meanwhile. */
  pause(who: object): void {
    this.#pauses.add(who);
    this.#stream.pause();
  }

  resume(who: object): void {
    if (!this.#pauses.delete(who) || this.#pauses.size > 0) return;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    this.#stream.resume();
  }

  /**
   * Opens a channel.
   *
   * @throws {TransferError} `connection-failed`, `channel-closed`
   */
  async openChannel(): Promise<ClientChannel> {
    const number = this.#freeNumber();
    const channel = new ClientChannel(this, number);
    this.#channels.set(number, channel);
    if (this.#isEnded) channel.ended(failed('the connection has ended'));
    await channel.call({ id: methodIds.channelOpen }, methodIds.channelOpenOk);
    return channel;
  }

  #freeNumber(): number {
    for (let tries = 0; tries < this.#channelMax; tries++) {
      this.#lastChannel = (this.#lastChannel % this.#channelMax) + 1;
      if (!this.#channels.has(this.#lastChannel)) return this.#lastChannel;
    }
    throw new TransferError('channel-closed', `all ${this.#channelMax} channels are in use`);
  }

  /** A channel has ended; its number may be used again. */
  forget(number: number): void {
    this.#channels.delete(number);
  }

  /** Ends the connection after everything sent before has arrived. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    this.#isClosing = true;
    this.#pauses.clear();
    this.#stream.resume();
    const close = { replyCode: 200, replyText: 'Goodbye', classId: 0, methodId: 0 };
    this.send(0, { id: methodIds.connectionClose, ...close });
    const late = () => this.destroy();
    const timer = this.#options.clock.setTimeout(late, closeTimeoutMs);
    await this.ended;
    timer.clear();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#end(failed('the connection was given up'));
  }

  #end(reason: TransferError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.clear();
    this.#heartbeats?.clear();
    this.#frames.stop();
    for (const channel of [...this.#channels.values()]) channel.ended(reason);
    this.#channels.clear();
    this.#opened?.(reason);
    this.#wake();
    this.#finish(reason);
    // What was written in this turn, such as the confirmation of the end, is still sent.
    this.#stream.end();
    setImmediate(() => this.#stream.destroy());
  }

  #receive(bytes: Buffer): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
    try {
      if (!this.#hasHeard && bytes.subarray(0, 4).equals(protocolHeader.subarray(0, 4))) {
        throw new TransferError('protocol-error', 'the server does not support AMQP 0-9-1');
      }
      this.#hasHeard = true;
      this.#frames.receive(bytes);
    } catch (error) {
      if (!(error instanceof WaxwingError)) throw error;
      const known = error instanceof TransferError;
      const text = `the server sent what is no AMQP 0-9-1: ${error.message}`;
      this.#end(known ? error : new TransferError('protocol-error', text, { cause: error }));
    }
  }

  method(number: number, bytes: Buffer, at: number, end: number): void {
    const r = new Reader(bytes, at, end);
    const method = readMethod(r.u32(), r);
    if (method === undefined) throw new TransferError('protocol-error', 'an unknown method');
    if (number === 0) this.#ownMethod(method);
    else this.#channels.get(number)?.method(method);
  }

  header(number: number, bytes: Buffer, at: number, end: number): void {
    this.#channels.get(number)?.header(bytes.subarray(at, end));
  }

  body(number: number, bytes: Buffer, at: number, end: number): void {
    this.#channels.get(number)?.body(bytes.subarray(at, end));
  }

  heartbeat(): void {}

  #ownMethod(method: Method): void {
    switch (method.id) {
      case methodIds.connectionStart:
        this.serverProperties = method.serverProperties;
        this.#logIn(method.mechanisms.toString('latin1').split(' '));
        return;
      case methodIds.connectionTune:
        this.#tune(method);
        return;
      case methodIds.connectionOpenOk:
        this.#beginHeartbeats();
        this.#opened?.();
        return;
      case methodIds.connectionClose: {
        this.send(0, { id: methodIds.connectionCloseOk });
        const { replyCode, replyText } = method;
        const isRefusal = this.#opened !== undefined || replyCode === 403 || replyCode === 530;
        const code = isRefusal ? 'login-refused' : 'connection-failed';
        this.#end(new TransferError(code, `${replyCode} ${shown(replyText)}`, { replyCode }));
        return;
      }
      case methodIds.connectionCloseOk:
        this.#end(failed('the connection was closed'));
        return;
      // A blocked connection is not read by the server, which its stream shows anyway.
      case methodIds.connectionBlocked:
      case methodIds.connectionUnblocked:
        return;
      default:
        throw new TransferError('protocol-error', 'an unexpected method on channel 0');
    }
  }

  #logIn(mechanisms: readonly string[]): void {
    if (this.#options.isInternal !== true && !mechanisms.includes('PLAIN')) {
      const offered = shown(mechanisms.join(' '));
      throw new TransferError('login-refused', `the server offers ${offered} and not PLAIN`);
    }
    const { username, password, connectionName } = this.#options;
    this.send(0, {
      id: methodIds.connectionStartOk,
      clientProperties: {
        product: longString('Waxwing'),
        connection_name: longString(connectionName),
        capabilities: { type: 'table', value: capabilities },
      },
      mechanism: 'PLAIN',
      response: Buffer.from(`\0${username}\0${password}`),
      locale: 'en_US',
    });
  }

  #tune({ channelMax, frameMax, heartbeat }: ConnectionTune): void {
    const { heartbeatSeconds, channelMax: channelMaxWanted, vhost } = this.#options;
    this.#channelMax = least(channelMax, channelMaxWanted ?? 2047, 65_535);
    this.frameMax = Math.max(frameMaxAtFirst, least(frameMax, frameMaxWanted, frameMaxWanted));
    const offered = heartbeat === 0 ? heartbeatDefault : heartbeat;
    const seconds = heartbeatSeconds ?? offered;
    this.#heartbeatMs = seconds * 1000;
    this.#frames.frameMax = this.frameMax;
    this.send(0, {
      id: methodIds.connectionTuneOk,
      channelMax: this.#channelMax,
      frameMax: this.frameMax,
      heartbeat: seconds,
    });
    this.send(0, { id: methodIds.connectionOpen, virtualHost: vhost });
  }

  #beginHeartbeats(): void {
    if (this.#heartbeatMs === 0) return;
    const { clock } = this.#options;
    this.#heardAtMs = clock.monotonicMs();
    this.#heartbeats = clock.setInterval(() => {
      if (!this.#hasWritten) this.write(heartbeatFrame);
      this.#hasWritten = false;
      const silentMs = clock.monotonicMs() - this.#heardAtMs;
      if (this.#pauses.size > 0 || this.#isClosing || silentMs < 2 * this.#heartbeatMs) return;
      this.#end(failed(`the server has sent nothing for ${Math.round(silentMs / 1000)} s`));
    }, this.#heartbeatMs / 2);
  }
}

/** The smallest of some limits, of which 0 means none. */
function least(offered: number, wanted: number, max: number): number {
  return Math.min(offered === 0 ? max : offered, wanted === 0 ? max : wanted, max);
}

/** A text of the server, in an error. */
function shown(text: string): string {
  return text.slice(0, 500);
}

function failed(why: string, cause?: unknown): TransferError {
  return new TransferError('connection-failed', why, { cause });
}
