// Message groups: all messages of a group go to one consumer.

import { createHash } from 'node:crypto';
import type { Delivery, Subscription } from '../subscription.ts';

/** The group of a message, as its sender gave it. */
export interface GroupMember {
  readonly id: string;
  /** 1 begins the group anew, which may move it; a negative number closes it. */
  readonly sequence: number;
}

/** The number of groups that all queues of a broker may still assign to consumers. */
export interface GroupBudget {
  left: number;
}

/** How a queue finds groups, and how many it remembers. */
export interface GroupRules {
  /** Returns the group of the message of an open view; undefined if it has none. */
  of(message: Delivery): GroupMember | undefined;
  /**
   * Maximum number of groups with an assigned consumer; at least 1. Beyond that, the group that was
   * used least recently is free again.
   */
  readonly countMax: number;
  readonly budget: GroupBudget;
}

/** Maximum length of a group id that is kept as it is, in characters. Longer ones are hashed. */
const idLengthMax = 64;

/** The consumers of groups. Each group takes about 150 bytes of memory. */
export class GroupOwners {
  readonly #rules: GroupRules;
  /** The number of each group's consumer, least recently used first. */
  readonly #groups = new Map<string, number>();
  /** Consumers by number, so that a group does not keep the objects of an ended consumer. */
  readonly #consumers = new Map<number, Subscription>();
  readonly #numbers = new Map<Subscription, number>();
  #lastNumber = 0;

  constructor(rules: GroupRules) {
    this.#rules = rules;
  }

  /** Number of groups, including those of ended consumers that were not used since. */
  get count(): number {
    return this.#groups.size;
  }

  /** Returns the consumer of a group, and marks the group as used; undefined if it is free. */
  ownerOf(id: string): Subscription | undefined {
    const key = keyOf(id);
    const number = this.#groups.get(key);
    if (number === undefined) return undefined;
    this.#groups.delete(key);
    const owner = this.#consumers.get(number);
    if (owner === undefined) this.#rules.budget.left++;
    else this.#groups.set(key, number);
    return owner;
  }

  /** Assigns a group to a consumer. */
  assign(id: string, subscription: Subscription): void {
    this.release(id);
    const { countMax, budget } = this.#rules;
    if (this.#groups.size >= countMax || budget.left <= 0) this.#dropOldest();
    if (budget.left <= 0) return; // other queues use all of the budget
    budget.left--;
    this.#groups.set(keyOf(id), this.#numberOf(subscription));
  }

  /** Frees a group. */
  release(id: string): void {
    if (this.#groups.delete(keyOf(id))) this.#rules.budget.left++;
  }

  /** A consumer has ended: its groups are free. */
  forget(subscription: Subscription): void {
    const number = this.#numbers.get(subscription);
    if (number === undefined) return;
    this.#numbers.delete(subscription);
    this.#consumers.delete(number);
    if (this.#numbers.size === 0) this.clear();
  }

  /** Frees all groups. */
  clear(): void {
    this.#rules.budget.left += this.#groups.size;
    this.#groups.clear();
    this.#consumers.clear();
    this.#numbers.clear();
  }

  #dropOldest(): void {
    const [oldest] = this.#groups.keys();
    if (oldest === undefined) return;
    this.#groups.delete(oldest);
    this.#rules.budget.left++;
  }

  #numberOf(subscription: Subscription): number {
    const known = this.#numbers.get(subscription);
    if (known !== undefined) return known;
    const number = ++this.#lastNumber;
    this.#numbers.set(subscription, number);
    this.#consumers.set(number, subscription);
    return number;
  }
}

function keyOf(id: string): string {
  if (id.length <= idLengthMax) return `=${id}`;
  return createHash('sha256').update(id).digest('base64url');
}
