// Responses to commands.

import type { Broker } from '../../broker/broker.ts';
import { Answers } from '../frame-answers.ts';
import type { Codec } from './codec/codec.ts';
import {
  type ConnectionId,
  connectionError,
  type DataStructure,
  exceptionResponse,
} from './codec/commands.gen.ts';
import type { OpenWireError } from './errors.ts';
import type { Requested } from './host.ts';

/** The operations of the connection that are needed here. */
export interface ResponsesHost {
  readonly broker: Broker;
  readonly codec: Codec;
  readonly outbox: { append(bytes: Buffer, start: number, end: number): void };
  failed(thrown: unknown): void;
  setReading(): void;
}

/** Encodes the responses of a connection, and sends them in the order of the commands. */
export class Responses {
  readonly answers: Answers;
  readonly #host: ResponsesHost;

  constructor(host: ResponsesHost) {
    this.#host = host;
    this.answers = new Answers({
      broker: host.broker,
      write: (bytes) => host.outbox.append(bytes, 0, bytes.length),
      failed: (thrown) => host.failed(thrown),
      setReading: () => host.setReading(),
    });
  }

  /** See `OpenWireHost.respond`. */
  respond(command: Requested, group: number, response?: DataStructure, said?: () => void): void {
    if (!command.responseRequired) {
      said?.();
      return;
    }
    if (response !== undefined) this.#say(group, response, said);
    else this.answers.say(group, this.#host.codec.plainResponse(command.commandId), said);
  }

  /** Answers a command that failed. If no answer was requested, the error is sent by itself. */
  refuse(command: Requested, error: OpenWireError, connectionId: ConnectionId | undefined): void {
    const exception = error.throwable;
    const { commandId: correlationId, responseRequired } = command;
    if (responseRequired) this.#say(0, exceptionResponse({ correlationId, exception }));
    else this.#say(0, connectionError({ exception, connectionId }));
  }

  /** Sends an answer after a group is on disk and after all earlier answers. */
  #say(group: number, answer: DataStructure, said?: () => void): void {
    const pieces: Buffer[] = [];
    // Answers contain nothing that can be cached, so they can be encoded before they are sent.
    this.#host.codec.encode(answer, {
      append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
    });
    this.answers.say(group, Buffer.concat(pieces), said);
  }
}
