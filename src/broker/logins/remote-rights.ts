// Rights that another service decides about, one question at a time.

import type { Right, TopicRight } from '../users.ts';
import type { LoginRights, RightsObject } from './rights.ts';
import { Undecided } from './undecided.ts';

/** A question about the rights of a user. */
export type Question =
  | { readonly about: 'vhost'; readonly vhost: string }
  | {
      readonly about: RightsObject;
      readonly vhost: string;
      readonly right: Right;
      readonly name: string;
    }
  | {
      readonly about: 'topic';
      readonly vhost: string;
      readonly right: TopicRight;
      readonly name: string;
      readonly routingKey: string;
    };

/** The user that a question is about. */
export interface AskedUser {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Answers a question. No answer is a refusal. Must not throw. */
export type Ask = (question: Question) => Promise<boolean>;

/** The time for which an answer serves the operation that asked, milliseconds. */
const keptMs = 5000;
/** Maximum number of answers of a log-in that are kept. */
const keptCountMax = 256;

interface Kept {
  readonly isPermitted: boolean;
  readonly untilMs: number;
}

/**
 * The rights of a log-in that another service decides about. A right that is not known yet throws
 * {@link Undecided}.
 */
export class RemoteRights implements LoginRights {
  readonly tags: readonly string[];
  readonly identity: string | undefined;
  readonly expiresAtMs = Infinity;
  readonly isRemote = true;
  readonly #ask: Ask;
  readonly #monotonicMs: () => number;
  readonly #answers = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<void>>();

  /** @param identity see {@link LoginRights} */
  constructor(tags: readonly string[], ask: Ask, monotonicMs: () => number, identity?: string) {
    this.tags = tags;
    this.identity = identity;
    this.#ask = ask;
    this.#monotonicMs = monotonicMs;
  }

  permitsVhost(vhost: string): boolean {
    return this.#permits({ about: 'vhost', vhost });
  }

  permits(vhost: string, right: Right, kind: RightsObject, name: string): boolean {
    return this.#permits({ about: kind, vhost, right, name });
  }

  permitsTopic(vhost: string, right: TopicRight, exchange: string, routingKey: string): boolean {
    return this.#permits({ about: 'topic', vhost, right, name: exchange, routingKey });
  }

  #permits(question: Question): boolean {
    const key = JSON.stringify(Object.values(question));
    const known = this.#answers.get(key);
    if (known !== undefined && known.untilMs > this.#monotonicMs()) return known.isPermitted;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#decide(key, question);
      this.#asking.set(key, asking);
    }
    throw new Undecided(asking);
  }

  async #decide(key: string, question: Question): Promise<void> {
    const isPermitted = await this.#ask(question);
    this.#asking.delete(key);
    this.#answers.delete(key);
    this.#answers.set(key, { isPermitted, untilMs: this.#monotonicMs() + keptMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > keptCountMax && oldest !== undefined) this.#answers.delete(oldest);
  }
}
