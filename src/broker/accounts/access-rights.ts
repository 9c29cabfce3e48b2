// The permissions of a user in one virtual host, compiled, with the decisions made so far.

import { NamePattern, patternBytesMax } from '../patterns/name-pattern.ts';
import type { Permission, Right, TopicPermission, TopicRight } from '../users.ts';

/** No permissions. */
export const nothing: Permission = { configure: '', write: '', read: '' };

/** A pattern that matches no text. */
const matchesNothing = String.raw`[^\s\S]`;

/** Maximum number of permitted names that are cached, for each right. */
const namesCachedMax = 128;
/** Maximum number of permitted routing keys that are cached, for each right and exchange. */
const keysCachedMax = 64;

/**
 * Checks the patterns of permissions.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkPermission({ configure, write, read }: Permission): void {
  NamePattern.compile('the pattern of configure', configure);
  NamePattern.compile('the pattern of write', write);
  NamePattern.compile('the pattern of read', read);
}

/**
 * Checks the patterns of topic permissions.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkTopicPermission({ write, read }: TopicPermission): void {
  NamePattern.compile('the pattern of write', expanded(write, anyNames));
  NamePattern.compile('the pattern of read', expanded(read, anyNames));
}

/** The names that variables in the patterns of topic permissions stand for. */
interface PatternNames {
  readonly user: string;
  readonly vhost: string;
  /** Undefined if the protocol has no client ids. */
  readonly clientId: string | undefined;
}

const anyNames: PatternNames = { user: 'x', vhost: 'x', clientId: 'x' };

/** A pattern with the names that it has matched. */
class CachedPattern {
  readonly #pattern: NamePattern;
  readonly #matched = new Set<string>();
  readonly #countMax: number;

  /** @param text a stored pattern; an empty one only matches the empty name */
  constructor(text: string, countMax: number) {
    this.#countMax = countMax;
    this.#pattern = NamePattern.stored(text === '' ? '^$' : text);
  }

  test(name: string): boolean {
    if (this.#matched.has(name)) return true;
    if (!this.#pattern.test(name)) return false;
    if (this.#matched.size >= this.#countMax) this.#matched.clear();
    this.#matched.add(name);
    return true;
  }
}

/** The rights on queues and exchanges by name. */
export class AccessRights {
  readonly #patterns: Record<Right, CachedPattern>;

  constructor({ configure, write, read }: Permission) {
    this.#patterns = {
      configure: new CachedPattern(configure, namesCachedMax),
      write: new CachedPattern(write, namesCachedMax),
      read: new CachedPattern(read, namesCachedMax),
    };
  }

  /** Whether a name is permitted. The default exchange is `amq.default`. */
  permits(right: Right, name: string): boolean {
    return this.#patterns[right].test(name === '' ? 'amq.default' : name);
  }
}

/** The rights on routing keys of topic exchanges. */
export class TopicRights {
  readonly #permissions: ReadonlyMap<string, TopicPermission>;
  readonly #names: PatternNames;
  readonly #patterns = new Map<string, Record<TopicRight, CachedPattern>>();

  /** @param permissions by exchange */
  constructor(permissions: ReadonlyMap<string, TopicPermission>, names: PatternNames) {
    this.#permissions = permissions;
    this.#names = names;
  }

  /** Whether routing keys of the exchange are restricted. */
  has(exchange: string): boolean {
    return this.#permissions.has(exchange);
  }

  permitsTopic(right: TopicRight, exchange: string, routingKey: string): boolean {
    const permission = this.#permissions.get(exchange);
    if (permission === undefined) return true;
    let patterns = this.#patterns.get(exchange);
    if (patterns === undefined) {
      const pattern = (text: string) =>
        new CachedPattern(expanded(text, this.#names), keysCachedMax);
      patterns = { write: pattern(permission.write), read: pattern(permission.read) };
      this.#patterns.set(exchange, patterns);
    }
    return patterns[right].test(routingKey);
  }
}

/**
 * Replaces the variables in a pattern. Names match themselves: a user whose name contains `.*` gets no
 * more than another. A result that is too long for a pattern matches nothing.
 */
function expanded(pattern: string, { user, vhost, clientId }: PatternNames): string {
  const values: Readonly<Record<string, string | undefined>> = {
    username: user,
    vhost,
    client_id: clientId,
  };
  const text = pattern.replaceAll(/\{(username|vhost|client_id)\}/g, (found, variable: string) => {
    const value = values[variable];
    return value === undefined ? found : escaped(value);
  });
  return text.length <= patternBytesMax ? text : matchesNothing;
}

function escaped(name: string): string {
  return name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
