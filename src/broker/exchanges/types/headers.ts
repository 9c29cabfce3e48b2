// The exchange type `headers`.

import { type Argument, type Arguments, comparisonKey } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import type { Binding } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';

/** The values of `x-match`. */
const ways = ['all', 'any', 'all-with-x', 'any-with-x'];

/** Checks the value of `x-match`. The default is `all`. */
function checkMatch(match: Argument | undefined): void {
  if (match === undefined) return;
  const { type, value } = match;
  if (type !== 'longstr') {
    const why = `Invalid x-match field type ${type} (value ${value}); expected longstr`;
    throw new BrokerError('precondition-failed', why);
  }
  if (ways.includes(String(value))) return;
  const why = `Invalid x-match field value <<"${value}">>; expected all, any, all-with-x, or any-with-x`;
  throw new BrokerError('precondition-failed', why);
}

/** A header that a binding requires. */
interface Wanted {
  readonly name: string;
  /** See {@link comparisonKey}; undefined if any value matches. */
  readonly key: string | undefined;
}

/** A binding with its parsed requirements. */
interface Entry {
  readonly binding: Binding;
  readonly isAny: boolean;
  readonly wanted: readonly Wanted[];
  /**
   * The index entries that contain the binding: one header, or each header if any of them suffices.
   */
  readonly sets: Set<Entry>[];
}

function readEntry(binding: Binding): Entry {
  const args = binding.arguments;
  const how = args['x-match']?.value ?? 'all';
  const withX = how === 'all-with-x' || how === 'any-with-x';
  const wanted = Object.entries(args)
    .filter(([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')))
    .map(([name, value]) => ({
      name,
      key: value.type === 'void' ? undefined : comparisonKey(value),
    }));
  return { binding, isAny: how === 'any' || how === 'any-with-x', wanted, sets: [] };
}

/** The bindings that are indexed by one header. */
class Name {
  readonly byValue = new Map<string, Set<Entry>>();
  readonly withAnyValue = new Set<Entry>();

  setOf(key: string | undefined): Set<Entry> {
    if (key === undefined) return this.withAnyValue;
    let set = this.byValue.get(key);
    if (set === undefined) {
      set = new Set();
      this.byValue.set(key, set);
    }
    return set;
  }
}

/** The headers of one message. Comparison keys are created on demand. */
class HeaderKeys {
  readonly #headers: Arguments;
  readonly #keys = new Map<string, string | undefined>();

  constructor(headers: Arguments) {
    this.#headers = headers;
  }

  /** See {@link comparisonKey}; undefined if the message lacks the header. */
  of(name: string): string | undefined {
    if (this.#keys.has(name)) return this.#keys.get(name);
    const value = Object.hasOwn(this.#headers, name) ? this.#headers[name] : undefined;
    const key = value && comparisonKey(value);
    this.#keys.set(name, key);
    return key;
  }

  has({ name, key }: Wanted): boolean {
    const found = this.of(name);
    return found !== undefined && (key === undefined || key === found);
  }
}

/**
 * Indexes bindings by their headers. A binding that requires all its headers is indexed by the one
 * with the fewest other bindings, so that the cost of a message depends on the bindings that may
 * match.
 */
class HeadersIndex implements BindingIndex {
  readonly #names = new Map<string, Name>();
  /** Bindings that match every message. */
  readonly #always = new Set<Entry>();
  readonly #entries = new Map<Binding, Entry>();

  add(binding: Binding): void {
    const entry = readEntry(binding);
    this.#entries.set(binding, entry);
    const { sets, wanted } = entry;
    if (entry.isAny) sets.push(...wanted.map((each) => this.#setOf(each)));
    else sets.push(wanted.length === 0 ? this.#always : this.#setOf(this.#rarest(wanted)));
    for (const set of sets) set.add(entry);
  }

  /** The header with the fewest bindings. */
  #rarest(wanted: readonly Wanted[]): Wanted {
    const [first, ...others] = wanted;
    let rarest = first as Wanted; // there is at least one
    let least = this.#countOf(rarest);
    for (const each of others) {
      const count = this.#countOf(each);
      // Among equally rare headers, one with a value is preferred.
      if (count > least || (count === least && each.key === undefined)) continue;
      rarest = each;
      least = count;
    }
    return rarest;
  }

  #countOf({ name, key }: Wanted): number {
    const found = this.#names.get(name);
    const set = key === undefined ? found?.withAnyValue : found?.byValue.get(key);
    return set?.size ?? 0;
  }

  #setOf({ name, key }: Wanted): Set<Entry> {
    let found = this.#names.get(name);
    if (found === undefined) {
      found = new Name();
      this.#names.set(name, found);
    }
    return found.setOf(key);
  }

  remove(binding: Binding): void {
    const entry = this.#entries.get(binding);
    if (entry === undefined) return;
    this.#entries.delete(binding);
    for (const set of entry.sets) set.delete(entry);
    for (const wanted of entry.wanted) this.#prune(wanted);
  }

  #prune({ name, key }: Wanted): void {
    const found = this.#names.get(name);
    if (found === undefined) return;
    if (key !== undefined && found.byValue.get(key)?.size === 0) found.byValue.delete(key);
    if (found.byValue.size + found.withAnyValue.size === 0) this.#names.delete(name);
  }

  match(search: RouteSearch): Generator<void> | undefined {
    return this.#entries.size === 0 ? undefined : this.#matchAll(search);
  }

  *#matchAll(search: RouteSearch): Generator<void> {
    const headers = search.headers();
    const keys = new HeaderKeys(headers);
    yield* takeMatching(this.#always, keys, search);
    const names = Object.keys(headers);
    // Iterates the smaller set: the headers of the message, or those of the bindings.
    const isMessageShorter = names.length <= this.#names.size;
    for (const name of isMessageShorter ? names : this.#names.keys()) {
      if (search.spend(1)) yield;
      const found = this.#names.get(name);
      const key = found && keys.of(name);
      if (found === undefined || key === undefined) continue;
      yield* takeMatching(found.withAnyValue, keys, search);
      const same = found.byValue.get(key);
      if (same !== undefined) yield* takeMatching(same, keys, search);
    }
  }
}

/** Takes the destinations of matching bindings, each once. */
function* takeMatching(
  entries: ReadonlySet<Entry>,
  keys: HeaderKeys,
  search: RouteSearch,
): Generator<void> {
  for (const { binding, isAny, wanted } of entries) {
    if (search.spend(1)) yield;
    const { destination } = binding;
    if (search.hasTaken(destination)) continue;
    let isMissing = false;
    for (let i = 0; !isAny && !isMissing && i < wanted.length; i++) {
      if (search.spend(1)) yield;
      isMissing = !keys.has(wanted[i] as Wanted); // i is in range
    }
    if (!isMissing) search.take(destination);
  }
}

/** Routes messages by their headers and the arguments of bindings. */
export const headersType: ExchangeType = {
  name: 'headers',
  usesKey: false,
  isCacheable: false,
  newIndex: () => new HeadersIndex(),
  checkBinding: (_, args) => checkMatch(args['x-match']),
};
