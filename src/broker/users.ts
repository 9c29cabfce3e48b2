import { BrokerError } from './errors.ts';

/** A user's rights in one virtual host: regular expressions over names; empty matches only nothing. */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}
/** What a permission allows on a queue or an exchange. */
export type Right = keyof Permission;

/** One who may log in. */
export interface User {
  readonly name: string;
  readonly passwordHash: string;
  readonly permissions: ReadonlyMap<string, Permission>;
}

/** A user in one virtual host; remembers what was allowed. */
export class Access {
  readonly user: string;
  readonly #vhost: string;
  readonly #patterns: Record<Right, RegExp>;
  readonly #allowed = new Set<string>();

  constructor(user: string, vhost: string, permission: Permission) {
    this.user = user;
    this.#vhost = vhost;
    const pattern = (text: string) => new RegExp(text === '' ? '^$' : text);
    this.#patterns = {
      configure: pattern(permission.configure),
      write: pattern(permission.write),
      read: pattern(permission.read),
    };
  }

  /**
   * Requires a right on a name; the default exchange counts as `amq.default`.
   *
   * @throws {BrokerError} `access-refused`
   */
  require(right: Right, kind: 'queue' | 'exchange', name: string): void {
    const key = `${right} ${name}`;
    if (this.#allowed.has(key)) return;
    const shown = name === '' ? 'amq.default' : name;
    if (!this.#patterns[right].test(shown)) {
      throw new BrokerError(
        'access-refused',
        `${right} access to ${kind} '${shown}' in vhost '${this.#vhost}' ` +
          `refused for user '${this.user}'`,
      );
    }
    if (this.#allowed.size > 1000) this.#allowed.clear();
    this.#allowed.add(key);
  }
}
