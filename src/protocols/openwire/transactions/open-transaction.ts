// A transaction that is not prepared.

import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import { Transaction } from '../../../broker/transaction.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import { type FlightRun, flightStates } from '../consuming/flights.ts';
import type { OpenWireHost } from '../host.ts';

/** Number of ranges of deliveries that are handled in one step. */
const rangesPerStep = 64;

/** Deliveries of a consumer that a transaction settles: all between two numbers, inclusive. */
interface Enlisted {
  readonly consumer: OpenWireConsumer;
  readonly from: number;
  to: number;
}

/** The messages and acknowledgements of a transaction. */
export class OpenTransaction {
  /** The reason why it can only be rolled back. */
  broken: string | undefined = undefined;
  readonly #transaction: Transaction;
  readonly #dialect: OpenWireHost['dialect'];
  /** The deliveries that it settles. */
  #enlisted: Enlisted[] = [];
  #enlistedCount = 0;

  constructor({ broker, dialect }: Pick<OpenWireHost, 'broker' | 'dialect'>) {
    this.#dialect = dialect;
    this.#transaction = new Transaction(broker, dialect.vhost);
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
   * Settles deliveries at commit. Until then, they count as unsettled.
   *
   * @throws {BrokerError} `resource-error` if it settles too many
   */
  settle(consumer: OpenWireConsumer, run: FlightRun, outcome: Outcome, countMax: number): void {
    const { source, first, count, from, to } = run;
    if (source === undefined) return;
    if (this.#enlistedCount + count > countMax) {
      const why = `a transaction acknowledges more than ${countMax} messages`;
      throw new BrokerError('resource-error', why);
    }
    this.#enlistedCount += count;
    this.#transaction.settle(source.subscription, first, first + count - 1, outcome);
    const before = this.#enlisted.at(-1);
    const isNext = before?.consumer === consumer && consumer.flights.follow(before.to, run);
    if (isNext) before.to = to;
    else this.#enlisted.push({ consumer, from, to });
    consumer.flights.change(run, flightStates.enlisted);
  }

  /** Commits in steps. Returns the group whose sync makes the transaction durable. */
  *commit(): Generator<void, number> {
    for (const { consumer, from, to } of this.#enlisted) consumer.takeBack(from, to);
    const { sends } = this.#dialect;
    const group = yield* this.#transaction.commit((publication, _, route) =>
      sends.committed(publication, route),
    );
    yield* this.endEnlisted();
    return group;
  }

  /**
   * Prepares it in the broker. If that is refused, it is unchanged.
   *
   * @param act prepares it
   */
  prepare(act: (transaction: Transaction) => void): void {
    for (const { consumer, from, to } of this.#enlisted) consumer.takeBack(from, to);
    try {
      act(this.#transaction);
    } catch (thrown) {
      for (const { consumer, from, to } of this.#enlisted) consumer.setAsideAgain(from, to);
      throw thrown;
    }
    for (const { consumer, from, to } of this.#enlisted) consumer.dropAside(from, to);
  }

  /** Its deliveries are settled. They are forgotten in steps. */
  *endEnlisted(): Generator<void> {
    let count = 0;
    for (const { consumer, from, to } of this.#takeEnlisted()) {
      yield* consumer.endEnlisted(from, to);
      if (++count % rangesPerStep === 0) yield;
    }
  }

  /** Its deliveries are unsettled again, after the broker has rolled it back. */
  releaseEnlisted(): void {
    for (const { consumer, from, to } of this.#takeEnlisted()) consumer.releaseEnlisted(from, to);
  }

  /**
   * Rolls back, in steps. The deliveries stay with their consumers and can be acknowledged again.
   * Those of consumers that have ended are requeued.
   */
  *rollback(): Generator<void> {
    this.#transaction.rollback();
    let count = 0;
    for (const { consumer, from, to } of this.#takeEnlisted()) {
      yield* consumer.rollBack(from, to);
      if (++count % rangesPerStep === 0) yield;
    }
  }

  #takeEnlisted(): readonly Enlisted[] {
    const enlisted = this.#enlisted;
    this.#enlisted = [];
    this.#enlistedCount = 0;
    return enlisted;
  }
}
