// The expected contents of a log by group.

import assert from 'node:assert/strict';

/** One fact came, changed or went, in one of the groups from `first` to `last`. */
interface Change {
  readonly value: string | undefined;
  readonly first: number;
  readonly last: number;
  readonly unit: number;
}

/**
 * What a log's owner held and in which group each change of it went into the log. A recovered state
 * is right if it is what was held after some group: at least the last one that was called durable.
 */
export class Ledger {
  readonly #changes = new Map<string, Change[]>();
  #units = 0;

  /** @param facts what was there before the first group */
  constructor(facts: ReadonlyMap<string, string>) {
    for (const [key, value] of facts) {
      this.#changes.set(key, [{ value, first: 0, last: 0, unit: 0 }]);
    }
  }

  /** The current contents. */
  get(key: string): string | undefined {
    return this.#changes.get(key)?.at(-1)?.value;
  }

  /** Every fact there is by now. */
  facts(): Map<string, string> {
    const facts = new Map<string, string>();
    for (const [key, changes] of this.#changes) {
      const value = changes.at(-1)?.value;
      if (value !== undefined) facts.set(key, value);
    }
    return facts;
  }

  /** A name for changes that must be recovered together. */
  unit(): number {
    return ++this.#units;
  }

  /**
   * Notes a change.
   *
   * @param first the group that was open before it
   * @param last the group that was open after it
   * @param unit of {@link unit}; 0 for a change of its own
   */
  set(key: string, value: string | undefined, first: number, last: number, unit = 0): void {
    const changes = this.#changes.get(key) ?? [];
    this.#changes.set(key, changes);
    changes.push({ value, first, last, unit });
  }

  /**
   * Requires a recovered state to be what was held after one group.
   *
   * @param durable the last group that was called durable
   * @param open the group that was open at the end
   * @returns the group
   */
  verify(found: ReadonlyMap<string, string>, durable: number, open: number): number {
    for (const key of found.keys()) assert.ok(this.#changes.has(key), `${key} was never there`);
    let reason = '';
    for (let group = open; group >= durable; group--) {
      const why = this.#disagreement(found, group);
      if (why === undefined) return group;
      reason ||= `group ${group}: ${why}`;
      if (group === durable) reason += `; group ${group}: ${why}`;
    }
    assert.fail(`recovered is what no group from ${durable} to ${open} left: ${reason}`);
  }

  #disagreement(found: ReadonlyMap<string, string>, group: number): string | undefined {
    /** Whether a unit that may be in this group or after it was found to have happened. */
    const happened = new Map<number, boolean>();
    for (const [key, changes] of this.#changes) {
      const value = found.get(key);
      const at = changes.findLastIndex(({ first }) => first <= group);
      const latest = changes[at];
      const isSure = latest === undefined || latest.last <= group;
      const hasHappened = value === latest?.value;
      if (!hasHappened && (isSure || !this.#wasBefore(changes, at, group, value))) {
        return `${key} is ${value}, not ${latest?.value}`;
      }
      if (isSure || latest.unit === 0) continue;
      if ((happened.get(latest.unit) ?? hasHappened) !== hasHappened) {
        return `${key} is ${value}, apart from what changed with it`;
      }
      happened.set(latest.unit, hasHappened);
    }
    return undefined;
  }

  /** Whether the value was held before changes that may be after this group. */
  #wasBefore(
    changes: readonly Change[],
    at: number,
    group: number,
    value: string | undefined,
  ): boolean {
    for (let i = at; i >= 0; i--) {
      if ((changes[i]?.last ?? 0) <= group) return false;
      if (changes[i - 1]?.value === value) return true;
    }
    return false;
  }
}
