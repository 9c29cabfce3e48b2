// The unsettled deliveries of a session and of a link.

import type { Flight } from './flight.ts';

/** Initial size of a ring. */
const ringSize = 16;
/** A ring of this size is not enlarged if few of its ids are unsettled. */
const sparseSizeMin = 1024;
/** A ring of which less than this share is used becomes smaller, unless it is small. */
const usedShareMin = 1 / 16;

/**
 * The unsettled deliveries of a session by their ids, which are serial numbers of 32 bits that wrap.
 * Recent ones are in a ring. Old ones move to a map, so that memory depends on the number of unsettled
 * deliveries and not on the number of deliveries since the oldest.
 */
export class Flights {
  #ring: (Flight | undefined)[] = emptyRing(ringSize);
  /** All ids in the ring are between these two, if it is not empty. */
  #first = 0;
  #last = 0;
  #ringCount = 0;
  /** Older deliveries, in order. */
  #older: Map<number, Flight> | undefined = undefined;

  /** The number of unsettled deliveries. */
  get count(): number {
    return this.#ringCount + (this.#older?.size ?? 0);
  }

  /** Adds a delivery with a higher id than all others. */
  add(flight: Flight): void {
    const { deliveryId } = flight;
    while (this.#ringCount > 0 && (deliveryId - this.#first) >>> 0 >= this.#ring.length) {
      this.#makeRoom();
    }
    if (this.#ringCount === 0) this.#first = deliveryId;
    this.#ring[deliveryId & (this.#ring.length - 1)] = flight;
    this.#last = deliveryId;
    this.#ringCount++;
  }

  /** Removes a delivery. Returns false if it is not there. */
  remove(flight: Flight): boolean {
    const { deliveryId } = flight;
    const at = deliveryId & (this.#ring.length - 1);
    if (this.#ring[at] !== flight) return this.#removeOlder(flight);
    this.#ring[at] = undefined;
    if (--this.#ringCount > 0) this.#close();
    const { length } = this.#ring;
    if (length > sparseSizeMin && this.#ringCount < length * usedShareMin) this.#shrink();
    return true;
  }

  #removeOlder({ deliveryId }: Flight): boolean {
    if (this.#older?.delete(deliveryId) !== true) return false;
    if (this.#older.size === 0) this.#older = undefined;
    return true;
  }

  /** Releases the places before the first delivery in the ring, of which there is at least one. */
  #close(): void {
    const mask = this.#ring.length - 1;
    while (this.#ring[this.#first & mask] === undefined) this.#first = (this.#first + 1) >>> 0;
  }

  /**
   * Returns the deliveries of a range of ids, in order.
   *
   * @param count the number of ids after the first one
   */
  range(first: number, count: number): Flight[] {
    const found: Flight[] = [];
    if (this.#older !== undefined) collectOlder(found, this.#older, first, count);
    if (this.#ringCount === 0) return found;
    const span = (this.#last - this.#first) >>> 0;
    const begin = (first - this.#first) >>> 0;
    // The range may also begin before the ring.
    this.#collect(found, begin - 2 ** 32, count, span);
    this.#collect(found, begin, count, span);
    return found;
  }

  #collect(found: Flight[], begin: number, count: number, span: number): void {
    const mask = this.#ring.length - 1;
    const end = Math.min(begin + count, span);
    for (let at = Math.max(begin, 0); at <= end; at++) {
      const flight = this.#ring[(this.#first + at) & mask];
      if (flight !== undefined) found.push(flight);
    }
  }

  /** Enlarges the ring; if few of its ids are unsettled, moves its older half to the map instead. */
  #makeRoom(): void {
    const { length } = this.#ring;
    if (length >= sparseSizeMin && this.#ringCount * 4 < length) {
      this.#leave(length / 2);
      return;
    }
    this.#resize(length * 2);
  }

  /** Leaves the newest ids in a smaller ring. */
  #shrink(): void {
    const size = this.#ring.length / 4;
    if (this.#ringCount > 0) this.#leave(((this.#last - this.#first) >>> 0) + 1 - size);
    this.#resize(size);
  }

  #resize(size: number): void {
    const resized = emptyRing(size);
    for (const flight of this.#ring) {
      if (flight !== undefined) resized[flight.deliveryId & (size - 1)] = flight;
    }
    this.#ring = resized;
  }

  /** Moves the deliveries with the oldest ids in the ring to the map. */
  #leave(count: number): void {
    const mask = this.#ring.length - 1;
    for (let left = count; left > 0 && this.#ringCount > 0; left--) {
      const at = this.#first & mask;
      const flight = this.#ring[at];
      this.#first = (this.#first + 1) >>> 0;
      if (flight === undefined) continue;
      this.#older ??= new Map();
      this.#older.set(flight.deliveryId, flight);
      this.#ring[at] = undefined;
      this.#ringCount--;
    }
    if (this.#ringCount > 0) this.#close();
  }
}

function collectOlder(
  found: Flight[],
  older: ReadonlyMap<number, Flight>,
  first: number,
  count: number,
): void {
  if (count >= older.size) {
    for (const [id, flight] of older) if ((id - first) >>> 0 <= count) found.push(flight);
    return;
  }
  for (let n = 0; n <= count; n++) {
    const flight = older.get((first + n) >>> 0);
    if (flight !== undefined) found.push(flight);
  }
}

function emptyRing(size: number): (Flight | undefined)[] {
  return Array.from({ length: size }, () => undefined);
}

/** The unsettled deliveries of a link, from the oldest to the newest: a list of those linked to each other. */
export class FlightList {
  /** The number of deliveries. */
  count = 0;
  #first: Flight | undefined = undefined;
  #last: Flight | undefined = undefined;

  /** The oldest delivery; undefined if there is none. */
  get first(): Flight | undefined {
    return this.#first;
  }

  /** Adds a delivery that is in no list. */
  add(flight: Flight): void {
    const last = this.#last;
    flight.isListed = true;
    flight.previous = last;
    if (last === undefined) this.#first = flight;
    else last.next = flight;
    this.#last = flight;
    this.count++;
  }

  /** Removes a delivery of this list. Returns false if it has been removed already. */
  remove(flight: Flight): boolean {
    if (!flight.isListed) return false;
    const { previous, next } = flight;
    flight.isListed = false;
    flight.previous = undefined;
    flight.next = undefined;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    this.count--;
    return true;
  }
}
