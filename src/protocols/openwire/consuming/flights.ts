// The unsettled deliveries of a consumer.

import type { Source } from '../../../broker/activemq/consumption.ts';
import type { MessageId, ProducerId } from '../codec/commands.gen.ts';
import type { Long } from '../codec/wire-reader.ts';
import { isSameMessage } from '../ids.ts';

/** What a dispatch told the client about its message. */
export interface Dispatched {
  /** The number of the delivery on its connection, which the client returns. */
  readonly number: number;
  readonly textView: string | undefined;
  readonly producerId: ProducerId | undefined;
  readonly producerSequenceId: Long;
}

/** The states of a delivery. */
export const flightStates = {
  /** Settled, or no longer of this consumer. */
  gone: 0,
  unsettled: 1,
  /** Unsettled, and a transaction settles it at commit. */
  enlisted: 2,
  /** The consumer ended before the transaction that settles it. It is not counted. */
  aside: 3,
} as const;

/** See {@link flightStates}. */
export type FlightState = (typeof flightStates)[keyof typeof flightStates];

/** Consecutive deliveries of one queue in the same state. The object is reused. */
export class FlightRun {
  source: Source | undefined = undefined;
  /** The numbers in their subscription: `count` from `first` on. */
  first = 0;
  count = 0;
  /** The numbers of the first and the last of them on the connection. */
  from = 0;
  to = 0;
  isExpired = false;
  /** The place of the first one. Valid until the deliveries of the consumer change. */
  at = 0;
}

/** The fields of a delivery in the ring: number, delivery number, sequence, expiry and state. */
const fieldCount = 5;
const deliveryField = 1;
const sequenceField = 2;
const expiryField = 3;
const stateField = 4;

/**
 * Initial size of the ring, and the size up to which an empty ring is kept, in deliveries. A
 * connection may have thousands of consumers.
 */
const sizeMin = 8;
const sizeKept = 32;
/** Size up to which a full ring becomes four times as large, and not twice. */
const smallSize = 512;

/** Number of settled deliveries up to which they are not removed from the ring. */
const settledCountMax = 1024;

const nothing = new Float64Array(0);

/**
 * The unsettled deliveries of a consumer, in the order of their dispatch. They are numbers in a ring,
 * because an object for each of them would be garbage after some hundred messages, and many of them
 * would make the collection of garbage slow.
 */
export class Flights {
  /** The number of unsettled deliveries, including those of transactions. */
  count = 0;
  /** The number of deliveries that were set aside. */
  asideCount = 0;
  #enlistedCount = 0;
  #fields = nothing;
  #sources: (Source | undefined)[] = [];
  #producers: (ProducerId | undefined)[] = [];
  /** The ids that are not a producer and an exact number, by the number of the delivery. */
  #otherIds: Map<number, Dispatched> | undefined = undefined;
  #capacity = 0;
  /** The places in use, of which some are gone. */
  #first = 0;
  #next = 0;

  /** Adds a delivery. The number is greater than all before. */
  add(id: Dispatched, source: Source, deliveryNumber: number, expiresAtMs: number): void {
    if (this.#next - this.#first === this.#capacity) this.#grow();
    const at = this.#next++ & (this.#capacity - 1);
    const { number, textView, producerSequenceId } = id;
    const isUsual = textView === undefined && typeof producerSequenceId === 'number';
    if (!isUsual) this.#keepId(id);
    const fields = this.#fields;
    const field = at * fieldCount;
    fields[field] = number;
    fields[field + deliveryField] = deliveryNumber;
    fields[field + sequenceField] = isUsual ? producerSequenceId : -1;
    fields[field + expiryField] = expiresAtMs;
    fields[field + stateField] = flightStates.unsettled;
    this.#sources[at] = source;
    this.#producers[at] = id.producerId;
    this.count++;
  }

  #grow(): void {
    this.#resize(this.#capacity * (this.#capacity < smallSize ? 4 : 2));
  }

  #keepId({ number, textView, producerId, producerSequenceId }: Dispatched): void {
    this.#otherIds ??= new Map();
    this.#otherIds.set(number, { number, textView, producerId, producerSequenceId });
  }

  #field(place: number, field: number): number {
    return this.#fields[(place & (this.#capacity - 1)) * fieldCount + field] ?? 0;
  }

  #setState(place: number, state: FlightState): void {
    this.#fields[(place & (this.#capacity - 1)) * fieldCount + stateField] = state;
  }

  /** Whether the client may acknowledge the delivery at a place. */
  #isOpen(place: number): boolean {
    if (place >= this.#next) return false;
    const state = this.#field(place, stateField);
    return state === flightStates.unsettled || state === flightStates.enlisted;
  }

  /** The place of a delivery number, or of the next one. */
  #placeOf(number: number): number {
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = low + ((high - low) >>> 1);
      if (this.#field(middle, 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Returns the number of the unsettled delivery of a message; -1 if there is none.
   *
   * @param spend told how many deliveries were searched, if the client did not return its number
   */
  find(id: MessageId, spend: (count: number) => void): number {
    const place = this.#placeOf(Number(id.brokerSequenceId));
    if (this.#isOpen(place) && this.#isOf(place, id)) return this.#field(place, 0);
    spend(this.#next - this.#first);
    for (let each = this.#first; each < this.#next; each++) {
      if (this.#isOpen(each) && this.#isOf(each, id)) return this.#field(each, 0);
    }
    return -1;
  }

  #isOf(place: number, id: MessageId): boolean {
    const number = this.#field(place, 0);
    const other = this.#otherIds?.get(number);
    if (other !== undefined) return isSameMessage(other, id);
    const producerSequenceId = this.#field(place, sequenceField);
    if (producerSequenceId !== id.producerSequenceId) return false;
    const producerId = this.#producers[place & (this.#capacity - 1)];
    if (producerId === id.producerId && producerId !== undefined && id.textView === undefined) {
      return true;
    }
    return isSameMessage({ textView: undefined, producerId, producerSequenceId }, id);
  }

  /** Whether a delivery is unsettled. */
  isUnsettled(number: number): boolean {
    const place = this.#placeOf(number);
    return this.#isOpen(place) && this.#field(place, 0) === number;
  }

  /** The number of unsettled deliveries between two numbers, inclusive, that are in no transaction. */
  countBetween(from: number, to: number): number {
    let count = 0;
    for (let place = this.#placeOf(from); place < this.#next; place++) {
      if (this.#field(place, 0) > to) break;
      if (this.#field(place, stateField) === flightStates.unsettled) count++;
    }
    return count;
  }

  /**
   * Finds the first consecutive deliveries in a state, between two numbers, inclusive.
   *
   * @param countMax the maximum number of deliveries
   * @param expiredAtMs deliveries that expire until then are not found together with others;
   *   milliseconds since 1970
   * @returns false if there are none
   */
  findRun(
    run: FlightRun,
    from: number,
    to: number,
    state: FlightState,
    countMax: number,
    expiredAtMs = -Infinity,
  ): boolean {
    let place = this.#placeOf(from);
    while (place < this.#next && this.#field(place, stateField) !== state) place++;
    if (place >= this.#next || this.#field(place, 0) > to) return false;
    this.#beginRun(run, place);
    run.isExpired = this.#field(place, expiryField) <= expiredAtMs;
    const end = Math.min(this.#next, place + countMax);
    while (++place < end && this.#field(place, stateField) === state) {
      if (this.#field(place, 0) > to) break;
      if (this.#sources[place & (this.#capacity - 1)] !== run.source) break;
      if (this.#field(place, deliveryField) !== run.first + run.count) break;
      if (this.#field(place, expiryField) <= expiredAtMs !== run.isExpired) break;
      run.count++;
      run.to = this.#field(place, 0);
    }
    return true;
  }

  /** Finds the last unsettled delivery between two numbers, exclusive, that is in no transaction. */
  findLast(run: FlightRun, after: number, before: number): boolean {
    let place = this.#placeOf(before) - 1;
    while (place >= this.#first && this.#field(place, stateField) !== flightStates.unsettled) {
      place--;
    }
    if (place < this.#first || this.#field(place, 0) <= after) return false;
    this.#beginRun(run, place);
    return true;
  }

  #beginRun(run: FlightRun, place: number): void {
    run.at = place;
    run.source = this.#sources[place & (this.#capacity - 1)];
    run.first = this.#field(place, deliveryField);
    run.count = 1;
    run.from = this.#field(place, 0);
    run.to = run.from;
  }

  /** Whether the deliveries of a run are the next ones after a number. */
  follow(number: number, { at }: FlightRun): boolean {
    return at > this.#first && this.#field(at - 1, 0) === number;
  }

  /** Changes the state of all deliveries of a run. */
  change(run: FlightRun, state: FlightState): void {
    const { at, count } = run;
    const before = this.#field(at, stateField);
    for (let place = at; place < at + count; place++) this.#setState(place, state);
    this.#counted(before, -count);
    this.#counted(state, count);
    if (state === flightStates.gone) this.#forget(run);
  }

  #counted(state: number, count: number): void {
    if (state === flightStates.gone) return;
    if (state === flightStates.aside) this.asideCount += count;
    else this.count += count;
    if (state === flightStates.enlisted) this.#enlistedCount += count;
  }

  /** Releases the places of deliveries that are gone. */
  #forget({ at, count }: FlightRun): void {
    const mask = this.#capacity - 1;
    for (let place = at; place < at + count; place++) {
      this.#producers[place & mask] = undefined;
      if (this.#otherIds !== undefined) this.#otherIds.delete(this.#field(place, 0));
    }
    const { gone } = flightStates;
    while (this.#first < this.#next && this.#field(this.#first, stateField) === gone) this.#first++;
    const leftCount = this.count + this.asideCount;
    if (leftCount === 0) this.#empty();
    // Also if the first one stays unsettled, the ring must not grow with what was settled.
    else if (this.#next - this.#first - leftCount > Math.max(settledCountMax, leftCount)) {
      this.#resize(sizeFor(leftCount));
    }
  }

  #empty(): void {
    this.#first = 0;
    this.#next = 0;
    if (this.#capacity <= sizeKept) return;
    this.#capacity = 0;
    this.#fields = nothing;
    this.#sources = [];
    this.#producers = [];
  }

  /** Forgets all deliveries, except those that were set aside. */
  clear(): void {
    if (this.asideCount === 0) this.#empty();
    for (let place = this.#first; place < this.#next; place++) {
      if (this.#isOpen(place)) this.#setState(place, flightStates.gone);
    }
    if (this.asideCount === 0) this.#otherIds = undefined;
    this.count = 0;
    this.#enlistedCount = 0;
  }

  /** Whether any delivery is in a transaction. */
  get areEnlisted(): boolean {
    return this.#enlistedCount > 0;
  }

  /** The number of places in use, for tests: unsettled deliveries, and settled ones between them. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Moves all deliveries that are not gone to a ring of another size, a power of two. */
  #resize(size: number): void {
    const capacity = Math.max(sizeMin, size);
    const fields = new Float64Array(capacity * fieldCount);
    const sources: (Source | undefined)[] = [];
    const producers: (ProducerId | undefined)[] = [];
    for (let place = this.#first; place < this.#next; place++) {
      if (this.#field(place, stateField) === flightStates.gone) continue;
      const at = place & (this.#capacity - 1);
      const to = sources.length * fieldCount;
      for (let i = 0; i < fieldCount; i++) fields[to + i] = this.#field(place, i);
      sources.push(this.#sources[at]);
      producers.push(this.#producers[at]);
    }
    this.#fields = fields;
    this.#sources = sources;
    this.#producers = producers;
    this.#capacity = capacity;
    this.#first = 0;
    this.#next = sources.length;
  }
}

/** The size of a ring with room for more than a number of deliveries. */
function sizeFor(count: number): number {
  let size = sizeMin;
  while (size <= count) size *= 2;
  return size;
}
