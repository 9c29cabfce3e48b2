// What a log-in may do, if another service than the broker's own users decides about it.

import type { Right, TopicRight } from '../users.ts';

/** The kinds of objects that a {@link Right} is about. */
export type RightsObject = 'queue' | 'exchange';

/** The rights of a log-in. They belong to its connection, or to one request. */
export interface LoginRights {
  /** The tags of the user, such as `administrator`. */
  readonly tags: readonly string[];
  /** When the credential expires, milliseconds since 1970; Infinity if it does not. */
  readonly expiresAtMs: number;
  /**
   * Who this is, if a service accepts several spellings of a name, such as `ann` and `ANN`. Only limits
   * compare it.
   */
  readonly identity?: string | undefined;
  /** Whether the methods may throw `Undecided`, because another service decides. */
  readonly isRemote?: boolean;
  /** Whether the user may connect to a virtual host. */
  permitsVhost(vhost: string): boolean;
  /** Whether the user has a right on a queue or an exchange. The default exchange is `amq.default`. */
  permits(vhost: string, right: Right, kind: RightsObject, name: string): boolean;
  /** Whether the user has a right on a routing key of a topic exchange. */
  permitsTopic(vhost: string, right: TopicRight, exchange: string, routingKey: string): boolean;
  /**
   * Checks a new credential of the same user. Undefined if credentials are only checked at the log-in.
   *
   * @returns the new rights, or why the credential was refused
   */
  renewed?(secret: string): Promise<LoginRights | 'refused' | 'unavailable'>;
}

/** Maximum number of permitted names, and of permitted routing keys, that are cached. */
const cachedCountMax = 128;

/** The rights of a log-in in one virtual host, with the decisions made so far. */
export class DecidedRights {
  readonly #rights: LoginRights;
  readonly #vhost: string;
  readonly #names = new Set<string>();
  readonly #keys = new Set<string>();

  constructor(rights: LoginRights, vhost: string) {
    this.#rights = rights;
    this.#vhost = vhost;
  }

  /** See {@link LoginRights.permits}. The name of the default exchange may be empty. */
  permits(right: Right, kind: RightsObject, name: string): boolean {
    const shown = name === '' && kind === 'exchange' ? 'amq.default' : name;
    const key = `${right} ${kind} ${shown}`;
    if (this.#names.has(key)) return true;
    if (!this.#rights.permits(this.#vhost, right, kind, shown)) return false;
    remember(this.#names, key);
    return true;
  }

  /** See {@link LoginRights.permitsTopic}. */
  permitsTopic(right: TopicRight, exchange: string, routingKey: string): boolean {
    const key = `${right} ${exchange.length} ${exchange}${routingKey}`;
    if (this.#keys.has(key)) return true;
    if (!this.#rights.permitsTopic(this.#vhost, right, exchange, routingKey)) return false;
    remember(this.#keys, key);
    return true;
  }
}

function remember(cache: Set<string>, key: string): void {
  if (cache.size >= cachedCountMax) cache.clear();
  cache.add(key);
}
