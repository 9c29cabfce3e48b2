// A transaction that is not prepared.

import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import { Transaction } from '../../../broker/transaction.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import type { Flight } from '../consuming/flights.ts';
import type { OpenWireHost } from '../host.ts';

/** Number of deliveries that are concluded in one step. */
const stepSize = 32;

/**
 * Makes the delivery of a consumer that has ended unsettled again, so that it can be settled.
 *
 * @returns whether it was set aside
 */
function takeBack(flight: Flight): boolean {
  if (!flight.isSetAside) return false;
  flight.isSetAside = false;
  flight.source.subscription.takeBack(flight.deliveryNumber);
  return true;
}

/** The messages and acknowledgements of a transaction. */
export class OpenTransaction {
  /** The reason why it can only be rolled back. */
  broken: string | undefined = undefined;
  readonly #transaction: Transaction;
  readonly #dialect: OpenWireHost['dialect'];
  /** The deliveries that it settles, and the consumer of each. */
  readonly #flights: Flight[] = [];
  readonly #consumers: OpenWireConsumer[] = [];

  constructor({ broker, dialect }: Pick<OpenWireHost, 'broker' | 'dialect'>) {
    this.#dialect = dialect;
    this.#transaction = new Transaction(broker, dialect.vhost);
  }

  /** The transaction in the broker, to prepare it. */
  get contents(): Transaction {
    return this.#transaction;
  }

  /** Size of the messages in it, in bytes. */
  get bytes(): number {
    return this.#transaction.bytes;
  }

  /** @throws {BrokerError} `resource-error` if it is too large */
  publish(publication: Publication, route: Route): void {
    this.#transaction.publish(publication, route);
  }

  /**
   * Settles a delivery at commit. Until then, it counts as unsettled.
   *
   * @throws {BrokerError} `resource-error` if it settles too many
   */
  settle(flight: Flight, consumer: OpenWireConsumer, outcome: Outcome, countMax: number): void {
    if (this.#flights.length >= countMax) {
      const why = `a transaction acknowledges more than ${countMax} messages`;
      throw new BrokerError('resource-error', why);
    }
    const { subscription } = flight.source;
    const { deliveryNumber } = flight;
    this.#transaction.settle(subscription, deliveryNumber, deliveryNumber, outcome);
    flight.transaction = this;
    this.#flights.push(flight);
    this.#consumers.push(consumer);
  }

  /** Commits in steps. Returns the group whose sync makes the transaction durable. */
  *commit(): Generator<void, number> {
    let count = 0;
    for (const flight of this.#flights) {
      takeBack(flight);
      if (++count % stepSize === 0) yield;
    }
    const { sends } = this.#dialect;
    const group = yield* this.#transaction.commit((publication, _, route) =>
      sends.committed(publication, route),
    );
    yield* this.forgetFlights();
    return group;
  }

  /**
   * Prepares it in the broker. If that is refused, it is unchanged.
   *
   * @param act prepares it
   */
  prepare(act: (transaction: Transaction) => void): void {
    const taken = this.#flights.filter(takeBack);
    try {
      act(this.#transaction);
    } catch (thrown) {
      for (const flight of taken) {
        flight.isSetAside = flight.source.subscription.setAside(flight.deliveryNumber) >= 0;
      }
      throw thrown;
    }
  }

  /** Its deliveries are settled. They are forgotten in steps. */
  *forgetFlights(): Generator<void> {
    for (let i = 0; i < this.#flights.length; i++) {
      const flight = this.#flights[i];
      if (flight !== undefined) this.#consumers[i]?.forget(flight);
      if ((i + 1) % stepSize === 0) yield;
    }
  }

  /** Its deliveries are unsettled again, after the broker has rolled it back. */
  releaseFlights(): void {
    for (const flight of this.#flights) flight.transaction = undefined;
  }

  /**
   * Rolls back, in steps. The deliveries stay with their consumers and can be acknowledged again.
   * Those of consumers that have ended are requeued.
   */
  *rollback(): Generator<void> {
    this.#transaction.rollback();
    let count = 0;
    for (const flight of this.#flights) {
      if (++count % stepSize === 0) yield;
      flight.transaction = undefined;
      if (!takeBack(flight)) continue;
      const { source, deliveryNumber } = flight;
      source.subscription.settle(deliveryNumber, deliveryNumber, 'modified');
    }
  }
}
