// Consumers that are slower than the messages that wait for them.

import type { ClientConnection } from '../../client-connection.ts';
import type { Address } from '../../conversion/properties.ts';
import type { Ticking, Turns } from '../../turns/turns.ts';
import type { Advising } from '../advisories/advising.ts';
import type { Consumption, Source } from '../consumption.ts';
import { queueAddress } from '../core-names.ts';
import { qualifiedName } from '../destination.ts';
import type { ActiveMqEvents } from '../events.ts';
import type { ActiveMqSettings, SlowConsumerRule } from '../policies/destination-policy.ts';

/** The longest interval of checks, milliseconds. */
const checkMsMax = 1000;
/** Number of consumers and their queues that are examined in one step. */
const stepSize = 64;

/** The operations of the destinations that are needed here. */
export interface SlowConsumersHost {
  readonly broker: { readonly clientConnections: ReadonlySet<ClientConnection> };
  readonly turns: Turns;
  readonly settings: ActiveMqSettings;
  readonly consumptions: Iterable<Consumption>;
  readonly advising: Advising;
  nowMs(): number;
}

/** What is known about a consumer. */
interface Observed {
  /** Since when it has been slow; undefined if it is not. */
  slowSinceMs: number | undefined;
  /** How often it has become slow. */
  slowCount: number;
  /** How many deliveries it had settled at the last check at which there were more than before. */
  settledCount: number;
  progressAtMs: number;
}

/**
 * Finds slow consumers, reports them, and aborts them if the policy of their destination says so. A
 * consumer of a queue is slow while its window is full and messages wait; one of a topic is slow while
 * its window is full and as many messages wait again.
 */
export class SlowConsumers implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #host: SlowConsumersHost;
  readonly #events: ActiveMqEvents;
  #observed = new Map<Consumption, Observed>();
  #isChecking = false;

  constructor(host: SlowConsumersHost, events: ActiveMqEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Begins to check, if any policy asks for it. */
  start(): void {
    const { turns, settings } = this.#host;
    const { slowConsumers, tellsOfSlowConsumers } = settings;
    turns.forget(this);
    if (slowConsumers.length === 0 && !tellsOfSlowConsumers) return;
    const checkMs = Math.min(checkMsMax, ...slowConsumers.map((rule) => rule.checkMs));
    turns.schedule(this, this.#host.nowMs() + checkMs);
  }

  tick(): void {
    this.start();
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.#host.turns.background.run(this.#check(), () => {
      this.#isChecking = false;
    });
  }

  *#check(): Generator<void> {
    const nowMs = this.#host.nowMs();
    const observed = new Map<Consumption, Observed>();
    let count = 0;
    for (const consumption of this.#host.consumptions) {
      count += 1 + consumption.sourceCount;
      if (count >= stepSize) {
        count = 0;
        yield;
      }
      const { destinations } = consumption.request;
      const [first] = destinations;
      if (consumption.isEnded || first === undefined) continue;
      const address = addressOf(consumption, first);
      const { slowConsumers: rule, advisories } = this.#host.settings.policyOf(address);
      if (rule === undefined && !advisories.ofSlowConsumers) continue;
      const entry = this.#observed.get(consumption) ?? newEntry(consumption, nowMs);
      observed.set(consumption, entry);
      this.#examine(consumption, entry, { address, rule, nowMs });
    }
    this.#observed = observed;
  }

  #examine(
    consumption: Consumption,
    entry: Observed,
    of: {
      readonly address: Address;
      readonly rule: SlowConsumerRule | undefined;
      readonly nowMs: number;
    },
  ): void {
    const { address, rule, nowMs } = of;
    const settledCount = settledCountOf(consumption);
    if (settledCount !== entry.settledCount) entry.progressAtMs = nowMs;
    entry.settledCount = settledCount;
    const isSlow =
      rule?.kind === 'slow-ack'
        ? isIdleTooLong(consumption, entry, rule, nowMs)
        : isBehind(consumption);
    if (!isSlow) {
      entry.slowSinceMs = undefined;
      return;
    }
    if (entry.slowSinceMs === undefined) {
      entry.slowSinceMs = nowMs;
      entry.slowCount++;
      this.#events.warned(`${shown(consumption)} appears to be slow: ${qualifiedName(address)}`);
      this.#host.advising.slowConsumer(address, consumption);
    }
    if (rule !== undefined && mustAbort(entry, rule, nowMs)) this.#abort(consumption, rule);
  }

  #abort(consumption: Consumption, rule: SlowConsumerRule): void {
    const { countMax = -1, slowMsMax = -1, abortsConnection } = rule;
    const limits = `slow too often (>${countMax}) or too long (>${slowMsMax})`;
    const why = `Consumer was ${limits}: ${shown(consumption)}`;
    this.#events.warned(`aborting ${abortsConnection ? 'connection' : 'consumer'}: ${why}`);
    if (!abortsConnection) {
      consumption.taker.ended(why);
      return;
    }
    for (const connection of this.#host.broker.clientConnections) {
      if (connection === consumption.request.owner) {
        connection.shutdown(why);
        return;
      }
    }
  }
}

function newEntry(consumption: Consumption, nowMs: number): Observed {
  const settledCount = settledCountOf(consumption);
  return { slowSinceMs: undefined, slowCount: 0, settledCount, progressAtMs: nowMs };
}

/** The destination whose policy applies: for a name with wildcards, that of the first queue. */
function addressOf({ sources }: Consumption, requested: Address): Address {
  if (requested.kind !== 'queue') return requested;
  for (const { queue, isTopic } of sources) if (!isTopic) return queueAddress(queue.name);
  return requested;
}

function settledCountOf({ sources }: Consumption): number {
  let count = 0;
  for (const { subscription } of sources) count += subscription.settledCount;
  return count;
}

function unsettledCountOf({ sources }: Consumption): number {
  let count = 0;
  for (const { subscription } of sources) count += subscription.unsettledCount;
  return count;
}

function isBehind(consumption: Consumption): boolean {
  const { prefetch } = consumption.request;
  if (consumption.isPulled) return false;
  const isFull = unsettledCountOf(consumption) >= prefetch || !consumption.taker.isWritable;
  if (!isFull) return false;
  for (const source of consumption.sources) if (hasBacklog(source, prefetch)) return true;
  return false;
}

function hasBacklog({ queue, isTopic }: Source, prefetch: number): boolean {
  return isTopic ? queue.readyCount >= prefetch : queue.readyCount > 0;
}

function isIdleTooLong(
  consumption: Consumption,
  { progressAtMs }: Observed,
  { ackMsMax, ignoresIdle }: SlowConsumerRule,
  nowMs: number,
): boolean {
  if (ignoresIdle && unsettledCountOf(consumption) === 0) return false;
  return nowMs - progressAtMs > ackMsMax;
}

function mustAbort(
  { slowCount, slowSinceMs = Infinity }: Observed,
  { countMax = Infinity, slowMsMax = Infinity }: SlowConsumerRule,
  nowMs: number,
): boolean {
  return slowCount > countMax || nowMs - slowSinceMs >= slowMsMax;
}

function shown({ request: { destinations, key } }: Consumption): string {
  const name = key === undefined ? '' : ` ${key.clientId}:${key.name}`;
  return `consumer${name} of ${destinations.map(qualifiedName).join(',')}`;
}
