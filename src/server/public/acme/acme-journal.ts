// The journal of certificates by ACME.

import type { Entry, Journal } from '../../../storage/journal.ts';

/** An account at an authority, and the certificate that it issued last. */
export interface AcmeRecord {
  /** The URL of the directory of the authority. */
  readonly directory: string;
  /** Base64; contains PKCS #8 PEM. */
  readonly sealedAccountKey: string;
  /** The URL of the account; undefined until it is registered. */
  readonly accountUrl: string | undefined;
  readonly issued:
    | {
        /** The chain, PEM. */
        readonly certificate: string;
        /** Base64; contains PKCS #8 PEM. */
        readonly sealedKey: string;
      }
    | undefined;
}

/** The journal. Each change is the whole record. */
export class AcmeJournal implements Journal<AcmeRecord> {
  readonly name = 'acme';
  #record: AcmeRecord | undefined = undefined;

  /** Undefined until an authority is asked for the first time. */
  get record(): AcmeRecord | undefined {
    return this.#record;
  }

  apply(change: AcmeRecord): void {
    this.#record = change;
  }

  *snapshot(): Iterable<AcmeRecord> {
    if (this.#record !== undefined) yield this.#record;
  }

  /** Returns the entry that stores this record. */
  entry(change: AcmeRecord): Entry {
    return { journal: this.name, change };
  }
}
