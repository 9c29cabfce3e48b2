// The requests of the service to a broker process that are not answered yet.

import { ControlError } from '../../../control/errors.ts';

/** Maximum number of requests that a process has not answered. */
const requestCountMax = 256;

/** A request to a broker process. */
export interface ProcessRequest<T> {
  /** What it does, for errors: `search messages`. */
  readonly what: string;
  /** Milliseconds until it fails without an answer. */
  readonly limitMs: number;
  /** Sends it under its number. */
  readonly send: (request: number) => void;
  /** Called with an answer that arrives after the request has failed. */
  readonly late?: (answer: T) => void;
}

interface Pending {
  readonly what: string;
  readonly limitMs: number;
  /** Of those that {@link PendingRequests.passed} is told. */
  leftMs: number;
  /** Undefined once the request has failed. */
  waiting: Waiting | undefined;
  readonly late: ((answer: unknown) => void) | undefined;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Matches answers with requests, each of which fails after a time. */
export class PendingRequests {
  /** Failed ones stay until they are answered, so that a process is not sent more and more. */
  readonly #pending = new Map<number, Pending>();
  #count = 0;

  /**
   * Sends a request.
   *
   * @returns undefined if the process ends before it answers
   * @throws {ControlError} `not-answering`
   */
  ask<T>(request: ProcessRequest<T>): Promise<T | undefined> {
    const { what, limitMs, send, late } = request;
    if (this.#pending.size >= requestCountMax) {
      const text = `The broker cannot ${what}: its process has not answered ${this.#pending.size} earlier requests, the maximum.`;
      return Promise.reject(new ControlError('not-answering', text));
    }
    const number = ++this.#count;
    const answered = new Promise<unknown>((resolve, reject) => {
      const waiting = { resolve, reject };
      const kept = late as Pending['late']; // it receives the answer to this request
      this.#pending.set(number, { what, limitMs, leftMs: limitMs, waiting, late: kept });
    });
    send(number);
    return answered as Promise<T | undefined>; // the answer is that of the request
  }

  /** An answer has arrived. */
  answered(number: number, answer: unknown): void {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (pending?.waiting === undefined) pending?.late?.(answer);
    else pending.waiting.resolve(answer);
  }

  /** Fails the requests whose time is over. */
  passed(ms: number): void {
    for (const pending of this.#pending.values()) {
      pending.leftMs -= ms;
      const { leftMs, limitMs } = pending;
      if (leftMs <= 0) fail(pending, `has not answered this request within ${limitMs / 1000} s`);
    }
  }

  /** Fails all requests. @param why completes `its process …` */
  fail(why: string): void {
    for (const pending of this.#pending.values()) fail(pending, why);
  }

  /** The process has ended. */
  ended(): void {
    for (const { waiting } of this.#pending.values()) waiting?.resolve(undefined);
    this.#pending.clear();
  }
}

function fail(pending: Pending, why: string): void {
  const { what, waiting } = pending;
  pending.waiting = undefined;
  const text = `The broker did not ${what}: its process ${why}. It may still do so.`;
  waiting?.reject(new ControlError('not-answering', text));
}
