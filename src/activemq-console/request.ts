// A request to the console.

import type { Access, User } from '../broker/users.ts';
import type { RequestHead } from '../net/http/message.ts';
import type { Labels } from '../net/http/request-handler.ts';
import type { Console } from './console.ts';
import { badRequest } from './errors.ts';
import { fieldCountMax } from './limits.ts';

/** A request of a user with access to the console. */
export class ConsoleRequest {
  readonly console: Console;
  readonly head: RequestHead;
  /** The user with its rights. */
  readonly access: Access;
  readonly labels: Labels;
  /** The fields of the query, or of the form. */
  readonly fields: ReadonlyMap<string, string>;

  /** @throws {ConsoleError} `bad-request` if the form or query has too many fields */
  constructor(
    console: Console,
    user: User,
    { head, labels, body }: Pick<ConsoleRequest, 'head' | 'labels'> & { readonly body: Buffer },
  ) {
    this.console = console;
    this.head = head;
    this.labels = labels;
    this.access = console.broker.access(user, '/');
    this.fields = readFields(head.method === 'POST' ? body.toString() : head.rawQuery);
  }

  /** A parameter of the path. */
  label(name: string): string {
    return this.labels.get(name) ?? '';
  }

  /**
   * A parameter of the path that is a whole number of at least 0.
   *
   * @throws {ConsoleError} `bad-request`
   */
  labelNumber(name: string): number {
    return readNumber(name, this.label(name), 0, Number.MAX_SAFE_INTEGER);
  }

  /** A field; empty if it is missing. */
  field(name: string): string {
    return this.fields.get(name) ?? '';
  }

  /**
   * A field with a whole number from 1 to a maximum.
   *
   * @param usual the value if the field is missing
   * @throws {ConsoleError} `bad-request`
   */
  count(name: string, usual: number, max: number): number {
    return this.#number(name, usual, 1, max);
  }

  /**
   * A field with a whole number of at least 0.
   *
   * @throws {ConsoleError} `bad-request`
   */
  number(name: string): number {
    return this.#number(name, 0, 0, Number.MAX_SAFE_INTEGER);
  }

  /**
   * A field with a whole number from 0 to a maximum; undefined if it is missing.
   *
   * @throws {ConsoleError} `bad-request`
   */
  optionalNumber(name: string, max: number): number | undefined {
    const text = this.field(name);
    return text === '' ? undefined : readNumber(name, text, 0, max);
  }

  #number(name: string, usual: number, min: number, max: number): number {
    const text = this.field(name);
    return text === '' ? usual : readNumber(name, text, min, max);
  }
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const found = JSON.stringify(text.slice(0, 32));
  throw badRequest(`${name} is ${found}; whole numbers from ${min} to ${max} are allowed`);
}

/** The first of repeated fields counts. */
function readFields(text: string): ReadonlyMap<string, string> {
  const parts = text.split('&', fieldCountMax + 1);
  if (parts.length > fieldCountMax) {
    throw badRequest(`a request may have at most ${fieldCountMax} fields`);
  }
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}
