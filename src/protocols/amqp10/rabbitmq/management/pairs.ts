// Pairs of links to the management node (Link Pair 1.0).

import type { Session } from '../../session.ts';
import type { RequestLink } from './request-link.ts';
import type { ResponseLink } from './response-link.ts';

/** A pair: requests of the peer, and responses to them. */
export interface ManagementPair {
  /** The address of the peer's end of both links. */
  readonly clientAddress: string;
  request: RequestLink | undefined;
  response: ResponseLink | undefined;
}

/** The pairs of a connection. The links of a pair have the same name and session. */
export class ManagementPairs {
  readonly #byName = new Map<string, ManagementPair>();

  /** The pair with a name; undefined if there is none. */
  find(session: Session, name: string): ManagementPair | undefined {
    return this.#byName.get(keyOf(session, name));
  }

  add(session: Session, name: string, pair: ManagementPair): void {
    this.#byName.set(keyOf(session, name), pair);
  }

  /** Removes a link. A pair without links is forgotten. */
  remove(link: RequestLink | ResponseLink): void {
    const key = keyOf(link.session, link.name);
    const pair = this.#byName.get(key);
    if (pair === undefined) return;
    if (pair.request === link) pair.request = undefined;
    if (pair.response === link) pair.response = undefined;
    if (pair.request === undefined && pair.response === undefined) this.#byName.delete(key);
  }
}

function keyOf({ channel }: Session, name: string): string {
  return `${channel} ${name}`;
}
