// The links of a connection by name.

import { AmqpError } from '../errors.ts';
import { linkCountMax } from '../limits.ts';
import type { Link } from './link.ts';

/** The links of a connection. A name identifies one link in each direction. */
export class LinkNames {
  readonly #byName = new Map<string, Link>();

  /** Returns the link with a name; undefined if there is none. */
  find(name: string, isSender: boolean): Link | undefined {
    return this.#byName.get(keyOf(name, isSender));
  }

  /** @throws {AmqpError} `resource-limit-exceeded` if there is no room for another link */
  requireRoom(): void {
    if (this.#byName.size < linkCountMax) return;
    const why = `more than ${linkCountMax} links of one connection`;
    throw new AmqpError('resource-limit-exceeded', why, { scope: 'link' });
  }

  add(link: Link): void {
    this.#byName.set(keyOf(link.name, link.isSender), link);
  }

  remove(link: Link): void {
    const key = keyOf(link.name, link.isSender);
    if (this.#byName.get(key) === link) this.#byName.delete(key);
  }

  /** Number of links. */
  get count(): number {
    return this.#byName.size;
  }
}

function keyOf(name: string, isSender: boolean): string {
  return `${isSender ? 's' : 'r'}${name}`;
}
