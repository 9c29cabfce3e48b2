// The consumers of a connection.

import { WakeRound } from '../../../broker/turns/wake-round.ts';
import type { ConsumerId, ConsumerInfo } from '../codec/commands.gen.ts';
import { OpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText } from '../ids.ts';
import { nameLength, requireNames } from '../kept-info.ts';
import { countsMax } from '../limits.ts';
import { allSeen, type OpenWireConsumer } from './consumer.ts';
import { ProducerIds } from './producer-ids.ts';

/** Number of consumers that are searched in about a microsecond. */
const searchedPerUnit = 32;

/** The consumers of a connection. */
export class Consumers {
  /** Number of unsettled deliveries of all consumers. */
  unsettledCount = 0;
  /** Number of dispatches so far, which numbers them. */
  dispatchCount = 0;
  /** The producers of the last messages. */
  readonly producers = new ProducerIds();
  readonly #host: OpenWireHost;
  readonly #byKey = new Map<string, OpenWireConsumer>();
  /** The consumer that was found last, by the object of its id. */
  #lastId: ConsumerId | undefined = undefined;
  #last: OpenWireConsumer | undefined = undefined;
  readonly #round: WakeRound;
  /** Length of the names of their destinations, in characters. */
  #namesLength = 0;

  constructor(host: OpenWireHost) {
    this.#host = host;
    this.#round = new WakeRound(host.broker.background, () => this.#byKey.values());
  }

  /** Whether the limit of unsettled deliveries is reached. */
  get isFull(): boolean {
    const { unsettledCountMax } = this.#host.broker;
    return this.unsettledCount >= Math.min(countsMax.unsettled, unsettledCountMax);
  }

  get all(): Iterable<OpenWireConsumer> {
    return this.#byKey.values();
  }

  /** @throws {OpenWireError | BrokerError} if there are too many */
  requireRoom(info: ConsumerInfo): void {
    const { size } = this.#byKey;
    requireNames(this.#namesLength + nameLength(info));
    if (size >= countsMax.consumers) {
      const why = `at maximum limit: ${countsMax.consumers}`;
      const what = `Can't add consumer on connection ${this.#host.connectionId}`;
      throw new OpenWireError('invalid', `${what}: ${why}`, 'state');
    }
    // Some consumers are permitted even if memory is short, because they drain queues.
    const { broker } = this.#host;
    if (size >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
  }

  add(consumer: OpenWireConsumer): void {
    this.#lastId = undefined;
    this.#namesLength += nameLength(consumer.info);
    this.#byKey.set(consumer.key, consumer);
  }

  find(id: ConsumerId | undefined): OpenWireConsumer | undefined {
    if (id === undefined) return undefined;
    if (id === this.#lastId) return this.#last;
    const found = this.#byKey.get(idText(id));
    this.#lastId = id;
    this.#last = found;
    return found;
  }

  remove(consumer: OpenWireConsumer): void {
    if (this.#byKey.get(consumer.key) !== consumer) return;
    this.#byKey.delete(consumer.key);
    this.#lastId = undefined;
    this.#last = undefined;
    this.#namesLength -= nameLength(consumer.info);
    this.#host.shared.advisories.consumer(consumer.info, false);
  }

  /** The destinations of a consumer have been deleted. */
  lost(consumer: OpenWireConsumer): void {
    this.remove(consumer);
    this.#host.broker.background.run(consumer.requeueAll(allSeen));
  }

  /** Removes the consumers of a session, or all, and requeues their deliveries, in steps. */
  *close(
    session: string | undefined,
    lastSeen: number,
    report: (bug: unknown) => void,
  ): Generator<void> {
    const closed = [...this.#byKey.values()].filter(
      (consumer) => session === undefined || consumer.session === session,
    );
    this.#host.gate.count(this.#byKey.size / searchedPerUnit);
    // At once, so that none gets what another one gives back.
    for (const consumer of closed) consumer.stop();
    for (const consumer of closed) {
      this.remove(consumer);
      yield;
      try {
        yield* consumer.requeueAll(lastSeen);
      } catch (thrown) {
        report(thrown);
      }
    }
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.#round.start(this.#byKey.size);
  }

  tick(nowMs: number): void {
    for (const consumer of this.#byKey.values()) consumer.tick(nowMs);
  }
}
