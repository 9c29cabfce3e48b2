// Messages in flight to a client.

import type { SessionSource } from './session-source.ts';

/** Packet ids are 1 to this. */
const idMax = 65_535;

/** A delivery in flight. */
export interface Flight {
  readonly source: SessionSource;
  /** The delivery number in the subscription of the source. */
  readonly number: number;
  readonly qos: number;
}

/**
 * The messages that a client has not acknowledged, by packet id. The messages of the session's own queue
 * have the ids that follow from their sequence numbers, so that a message has the same id after a restart
 * of the broker [MQTT-4.4.0-1]. They take no object.
 */
export class Flights {
  /** The delivery number, times four, plus the quality of service. */
  readonly #own = new Map<number, number>();
  /** The deliveries of shared subscriptions. */
  readonly #shared = new Map<number, Flight>();
  #nextShared = idMax;

  get count(): number {
    return this.#own.size + this.#shared.size;
  }

  has(id: number): boolean {
    return this.#own.has(id) || this.#shared.has(id);
  }

  /** The packet id of a message in the session's own queue. */
  idOf(sequence: number): number {
    return 1 + (sequence % idMax);
  }

  addOwn(id: number, number: number, qos: number): void {
    this.#own.set(id, number * 4 + qos);
  }

  addShared(id: number, flight: Flight): void {
    this.#shared.set(id, flight);
  }

  /**
   * Returns an id for a delivery of a shared subscription; 0 if there is none.
   *
   * @param isTaken whether another message has an id
   */
  freeId(isTaken: (id: number) => boolean): number {
    // There are far more ids than messages in flight, so that few are tried.
    for (let tries = 0; tries < idMax; tries++) {
      const id = this.#nextShared;
      this.#nextShared = id === 1 ? idMax : id - 1;
      if (!isTaken(id)) return id;
    }
    return 0;
  }

  /** The quality of service of a message in flight; -1 if there is none with this id. */
  qosOf(id: number): number {
    const own = this.#own.get(id);
    return own === undefined ? (this.#shared.get(id)?.qos ?? -1) : own % 4;
  }

  /**
   * Removes a message of the session's own queue.
   *
   * @returns its delivery number; -1 if there is none with this id
   */
  takeOwn(id: number): number {
    const own = this.#own.get(id);
    if (own === undefined) return -1;
    this.#own.delete(id);
    return Math.floor(own / 4);
  }

  /** Removes a message of a shared subscription. */
  takeShared(id: number): Flight | undefined {
    const flight = this.#shared.get(id);
    this.#shared.delete(id);
    return flight;
  }
}
