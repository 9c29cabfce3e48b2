// The transaction of a channel.

import type { Route } from '../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Outcome } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import type { Channel } from './channel.ts';
import { methodIds } from './codec/methods.gen.ts';
import { TransactionAcks } from './deliveries/transaction-acks.ts';
import type { Publisher } from './publisher.ts';
import { methodUnits } from './stalls/frame-gate.ts';

/** The publishes and settlements of a channel since `tx.select` or the last commit. */
export class ChannelTransaction {
  readonly #channel: Channel;
  readonly #publisher: Publisher;
  readonly #transaction: Transaction;
  readonly #acks: TransactionAcks;
  /** The number of messages that wait for the commit. */
  publishCount = 0;
  /** The number of settlements that wait for the commit. */
  settlementCount = 0;

  constructor(channel: Channel, publisher: Publisher) {
    const { broker, vhost, tags } = channel;
    this.#channel = channel;
    this.#publisher = publisher;
    this.#transaction = new Transaction(broker, vhost);
    this.#acks = new TransactionAcks(tags, broker.limits.transactionSettlementCountMax);
  }

  /** Stores a copy of a message until the commit. */
  publish(publication: Publication, route: Route): void {
    this.#transaction.publish(publication, route);
    this.publishCount++;
  }

  /** Settles a delivery, or all up to it, at the commit. */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): void {
    this.#acks.add(tag, isMultiple, outcome);
    this.settlementCount++;
    if (this.#acks.isScattered) this.#channel.host.gate.count(methodUnits);
  }

  /** Whether the commit settles this delivery. */
  settles(tag: number): boolean {
    return this.#acks.has(tag);
  }

  /** Requeues all deliveries that the commit does not settle, in steps. */
  recover(): Generator<void> {
    return this.#acks.recover();
  }

  /** Commits in steps. `tx.commit-ok` follows once the commit is durable. */
  *commit(): Generator<void> {
    const channel = this.#channel;
    this.#forget();
    try {
      yield* this.#acks.take((subscription, first, last, outcome) => {
        this.#transaction.settle(subscription, first, last, outcome);
      });
      const group = yield* this.#transaction.commit((publication, { routed }) => {
        const isMandatory = publication.protocolFlags === 1;
        if (isMandatory && routed === 0) this.#publisher.returnUnrouted(publication);
      });
      channel.answers.sendOnce(group, { id: methodIds.txCommitOk });
    } catch (thrown) {
      channel.host.channelFailed(channel, thrown);
    }
  }

  /** Discards everything. Unsettled deliveries stay unsettled. */
  rollback(): void {
    this.#forget();
    this.#transaction.rollback();
    this.#acks.clear();
  }

  #forget(): void {
    this.publishCount = 0;
    this.settlementCount = 0;
  }
}
