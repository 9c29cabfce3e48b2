// A connection between the service and a host, after its certificates were checked.

import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { HostError, HostUnreachable } from '../errors.ts';
import { anyText, type Fields, object, text, whole } from './fields.ts';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';

/** Maximum length of a message of the service, bytes. The largest ones contain the files of a node. */
export const serviceFrameBytesMax = 4 * 1024 * 1024;
/** Maximum length of what a host sends, bytes. */
export const hostFrameBytesMax = 64 * 1024;
/** Requests in one direction without an answer, or whose answer the other side has not taken. */
const requestCountMax = 256;
/** Bytes that wait for the other side; events are dropped from then on. */
const waitingBytesMax = 1024 * 1024;
/** Time for an answer by default: a node has 25 s to stop, and 10 s to be killed. Milliseconds. */
const answerMs = 120_000;
/** Maximum length of the texts of errors, characters. */
const errorLengthMax = 2000;

/** An answer to a request. */
export interface Answer {
  readonly result: Fields;
  readonly body: Buffer;
}

/** The receiver of what the other side sends. */
export interface ChannelHandlers {
  /** Answers a request. Its body is overwritten afterwards. */
  request(op: string, fields: Fields, body: Buffer): Promise<object>;
  event(op: string, fields: Fields): void;
  /** The connection has ended. */
  closed(detail: string): void;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Requests, answers and events in both directions. A message of a wrong form ends the connection. */
export class Channel {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #handlers: ChannelHandlers;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  /** Requests until their answers have left: a peer that does not read would let them pile up. */
  #openRequests = 0;
  #isClosed = false;

  /** @param bytesMax the maximum length of a frame of the other side */
  constructor(stream: Duplex, bytesMax: number, handlers: ChannelHandlers, clock: Clock) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#clock = clock;
    const reader = new FrameReader(bytesMax);
    stream.on('data', (bytes: Buffer) => {
      try {
        for (const frame of reader.read(bytes)) if (!this.#isClosed) this.#received(frame);
      } catch (error) {
        this.close(error instanceof Error ? error.message : String(error));
      }
    });
    stream.on('error', (error) => this.close(error.message));
    stream.on('close', () => this.close('the connection was closed'));
    stream.on('end', () => this.close('the other side closed the connection'));
  }

  /**
   * Sends a request.
   *
   * @throws {HostError} `request-refused`
   * @throws {HostUnreachable} if there is no answer
   */
  request(op: string, fields: object, body?: Uint8Array, timeoutMs = answerMs): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#pending.size >= requestCountMax) {
        reject(new HostUnreachable('there is no connection'));
        return;
      }
      const id = ++this.#lastId;
      const end = (act: () => void) => {
        timer.clear();
        this.#pending.delete(id);
        act();
      };
      const late = () => end(() => reject(new HostUnreachable(`no answer in ${timeoutMs} ms`)));
      const timer = this.#clock.setTimeout(late, timeoutMs).unref();
      this.#pending.set(id, {
        resolve: (answer) => end(() => resolve(answer)),
        reject: (error) => end(() => reject(error)),
      });
      this.#send({ id, op, fields }, body);
    });
  }

  /** Sends an event, unless too many bytes wait for the other side. */
  tell(op: string, fields: object): void {
    if (this.#isClosed || this.#stream.writableLength > waitingBytesMax) return;
    this.#send({ op, fields });
  }

  #send(head: object, body?: Uint8Array, taken = () => {}): void {
    const frame = encodeFrame(head, body);
    // What the stream has taken is overwritten, because it may contain a key.
    this.#stream.write(frame, () => {
      frame.fill(0);
      taken();
    });
  }

  #received({ head, body }: Frame): void {
    if ('op' in head) {
      const op = text(head, 'op', /^[a-z-]+$/, 32);
      const fields = object(head, 'fields');
      if (!('id' in head)) this.#handlers.event(op, fields);
      else void this.#answer(whole(head, 'id', 1, Number.MAX_SAFE_INTEGER), op, fields, body);
      return;
    }
    const pending = this.#pending.get(whole(head, 'answers', 1, Number.MAX_SAFE_INTEGER));
    if (pending === undefined) return; // it was answered too late
    if ('refused' in head) {
      pending.reject(new HostError('request-refused', anyText(head, 'refused', errorLengthMax)));
    } else pending.resolve({ result: object(head, 'result'), body: Buffer.from(body) });
  }

  async #answer(id: number, op: string, fields: Fields, body: Buffer): Promise<void> {
    if (this.#openRequests >= requestCountMax) {
      this.close(`more than ${requestCountMax} requests whose answers were not taken`);
      return;
    }
    this.#openRequests++;
    const taken = () => {
      this.#openRequests--;
    };
    try {
      const result = await this.#handlers.request(op, fields, body);
      if (!this.#isClosed) this.#send({ answers: id, result }, undefined, taken);
    } catch (error) {
      const refused = shown(error).slice(0, errorLengthMax);
      if (!this.#isClosed) this.#send({ answers: id, refused }, undefined, taken);
    } finally {
      body.fill(0);
    }
  }

  /** Ends the connection. Requests without an answer fail. */
  close(detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.destroy();
    for (const { reject } of [...this.#pending.values()]) {
      reject(new HostUnreachable(`the connection ended: ${detail}`));
    }
    this.#handlers.closed(detail);
  }
}

function shown(error: unknown): string {
  if (error instanceof WaxwingError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
