// The temporary destinations of a connection.

import { qualifiedName } from '../../../broker/activemq/destination.ts';
import type { TemporaryDestinations } from '../../../broker/activemq/temporary-destinations.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import type { Access } from '../../../broker/users.ts';
import { idLengthMax, temporaryCountMax } from '../limits.ts';
import type { TemporaryKind, TemporaryWords } from './address.ts';
import { ActiveMqError } from './errors.ts';

/** The connection that temporary destinations are created for. */
interface TemporaryOwner {
  readonly temporaries: TemporaryDestinations;
  /** `ID:...` */
  readonly connectionId: string;
  /** The connection. Its access is known after the log-in. */
  readonly owner: { readonly access: Access };
}

/** The temporary destinations of a connection, by the names that its client uses for them. */
export class OwnTemporaries implements TemporaryWords {
  readonly #of: TemporaryOwner;
  readonly #byWord = new Map<string, Address>();
  readonly #words = new Map<string, string>();

  constructor(of: TemporaryOwner) {
    this.#of = of;
  }

  named(kind: TemporaryKind, word: string): Address {
    const key = `${kind}:${word}`;
    const known = this.#byWord.get(key);
    if (known !== undefined) return known;
    if (word === '' || word.length > idLengthMax) {
      const allowed = `1 to ${idLengthMax} characters are allowed`;
      throw new ActiveMqError(
        'invalid',
        `A temporary destination's name: ${allowed}`,
        'destination',
      );
    }
    if (this.#byWord.size >= temporaryCountMax) {
      const why = `more than ${temporaryCountMax} temporary destinations of one connection`;
      throw new ActiveMqError('invalid', why, 'allocation');
    }
    const { temporaries, connectionId, owner } = this.#of;
    const address = { kind, name: `${connectionId}:${this.#byWord.size + 1}` } as const;
    temporaries.create(address, owner, owner.access);
    this.#byWord.set(key, address);
    this.#words.set(qualifiedName(address), word);
    return address;
  }

  wordOf(address: Address): string | undefined {
    if (address.kind === 'queue' || address.kind === 'topic') return undefined;
    return this.#words.get(qualifiedName(address));
  }
}
