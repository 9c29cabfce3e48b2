// A bounded pool that is shared fairly between peers.

/** The peer that an item belongs to, and the group that it is part of, such as its network. */
export interface Owner {
  readonly group: string;
  readonly member: string;
}

/** The items of one group. */
interface Group<Item> {
  count: number;
  /** By member; the oldest item of each is first. */
  readonly members: Map<string, Set<Item>>;
}

/**
 * Holds a limited number of items, such as codes that wait for people. A full pool makes room by
 * giving up the oldest item of the largest member of the largest group. A peer with few items thus
 * keeps them, however many items others add, until there are as many groups as places.
 */
export class FairPool<Item> {
  readonly #countMax: number;
  readonly #groups = new Map<string, Group<Item>>();
  readonly #owners = new Map<Item, Owner>();

  /** @param countMax maximum number of items */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** The number of items. */
  get size(): number {
    return this.#owners.size;
  }

  /**
   * Adds an item that the pool does not contain.
   *
   * @returns the item that was given up to make room; undefined if there was room
   */
  add(owner: Owner, item: Item): Item | undefined {
    const group = this.#groups.get(owner.group) ?? { count: 0, members: new Map() };
    this.#groups.set(owner.group, group);
    const items = group.members.get(owner.member) ?? new Set<Item>();
    group.members.set(owner.member, items);
    items.add(item);
    group.count += 1;
    this.#owners.set(item, owner);
    if (this.#owners.size <= this.#countMax) return undefined;
    const given = this.#next();
    if (given !== undefined) this.delete(given);
    return given;
  }

  /** Removes an item. Returns false if the pool does not contain it. */
  delete(item: Item): boolean {
    const owner = this.#owners.get(item);
    if (owner === undefined) return false;
    this.#owners.delete(item);
    const group = this.#groups.get(owner.group);
    const items = group?.members.get(owner.member);
    if (group === undefined || items === undefined) return true;
    items.delete(item);
    group.count -= 1;
    if (items.size === 0) group.members.delete(owner.member);
    if (group.count === 0) this.#groups.delete(owner.group);
    return true;
  }

  /** The item that makes room. Of groups of one size, the oldest group gives it up. */
  #next(): Item | undefined {
    const group = largest(this.#groups.values(), ({ count }) => count);
    const items = group && largest(group.members.values(), ({ size }) => size);
    const [oldest] = items ?? [];
    return oldest;
  }
}

function largest<T>(all: Iterable<T>, sizeOf: (each: T) => number): T | undefined {
  let found: T | undefined;
  let size = 0;
  for (const each of all) {
    if (sizeOf(each) <= size) continue;
    found = each;
    size = sizeOf(each);
  }
  return found;
}
