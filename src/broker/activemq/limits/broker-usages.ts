// The limits of the memory and storage of a broker (ActiveMQ's `systemUsage`).

import type { Publication } from '../../publication.ts';
import type { Ticking, Turns } from '../../turns/turns.ts';
import type { ActiveMqSettings, SystemLimits } from '../policies/destination-policy.ts';
import { Usage, type UsageOptions } from './usage.ts';

/** Milliseconds between two measurements. */
const measureMs = 100;
/** Milliseconds between two attempts to free storage while it is full. */
const reclaimMs = 1000;

/** The operations of the broker that are needed here. */
export interface BrokerUsagesHost {
  readonly turns: Turns;
  readonly settings: ActiveMqSettings;
  /** Returns the bytes of messages that are only in memory. */
  transientBytes(): number;
  /** Returns the size of the log, bytes. */
  storedBytes(): number;
  /** Frees storage that is not needed. */
  reclaim(): void;
  /** Writes a warning to the broker's log. */
  warn(text: string): void;
}

const titles = {
  memory: 'Usage Manager Memory Limit',
  store: 'Persistent store',
  temp: 'Temp Store',
} as const;

/**
 * The memory, store and temporary store of a broker. The store is the log with persistent messages.
 * Messages that are not persistent are in memory, so they count for the memory and for the temporary
 * store.
 */
export class BrokerUsages implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  /** Whether any limit is reached. */
  isFull = false;
  readonly #host: BrokerUsagesHost;
  readonly #changed: () => void;
  readonly #memory: Usage;
  readonly #store: Usage;
  readonly #temp: Usage;
  #reclaimedAtMs = 0;
  /** The reached limits that were logged. */
  readonly #warned = new Set<Usage>();

  /** @param changed called when {@link isRefusing} may have changed */
  constructor(host: BrokerUsagesHost, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    const transient = () => host.transientBytes();
    this.#memory = this.#usage('memory', 'memoryBytesMax', transient);
    this.#store = this.#usage('store', 'storeBytesMax', () => host.storedBytes());
    this.#temp = this.#usage('temp', 'tempBytesMax', transient);
  }

  #usage(name: UsageOptions['name'], limit: keyof SystemLimits, measure: () => number): Usage {
    const host = this.#host;
    return new Usage(host.turns, {
      name,
      get bytesMax() {
        return host.settings.system[limit];
      },
      get refusesAfterMs() {
        return host.settings.refusesSendsAfterMs;
      },
      measure,
      get text() {
        const limited = `${titles[name]} is full, 100% of ${host.settings.system[limit]}`;
        return name === 'memory' ? 'Usage Manager Memory Limit reached' : limited;
      },
      changed: (usage) => this.#usageChanged(usage),
    });
  }

  /** Begins to measure. */
  start(): void {
    const { system } = this.#host.settings;
    const { memoryBytesMax, storeBytesMax, tempBytesMax } = system;
    const isLimited = Math.min(memoryBytesMax, storeBytesMax, tempBytesMax) < Infinity;
    if (isLimited) this.#host.turns.schedule(this, this.#host.turns.nowMs() + measureMs);
  }

  get #all(): readonly Usage[] {
    return [this.#memory, this.#store, this.#temp];
  }

  get isRefusing(): boolean {
    return this.#all.some((usage) => usage.isRefusing);
  }

  tick(nowMs: number): void {
    for (const usage of this.#all) usage.update();
    if (this.#store.isFull && nowMs - this.#reclaimedAtMs >= reclaimMs) {
      this.#reclaimedAtMs = nowMs;
      this.#host.reclaim();
    }
    this.start();
  }

  #usageChanged(usage: Usage): void {
    this.isFull = this.#all.some((each) => each.isFull);
    this.#changed();
    if (!usage.isFull) this.#warned.delete(usage);
    if (!usage.isFull || this.#warned.has(usage)) return;
    this.#warned.add(usage);
    const { name, bytesMax } = usage.options;
    const what = `${titles[name]} is full: ${usage.options.measure()} of ${bytesMax} bytes`;
    this.#host.warn(`${what}. Producers are blocked until there is room.`);
  }

  /**
   * Returns the limit that concerns a message and is reached.
   *
   * @param isControlled whether its destination has producer flow control, which the limit of the
   *   memory requires
   */
  fullFor({ isPersistent }: Publication, isControlled: () => boolean): Usage | undefined {
    if (isPersistent && this.#store.isFull) return this.#store;
    if (!isPersistent && this.#temp.isFull) return this.#temp;
    return this.#memory.isFull && isControlled() ? this.#memory : undefined;
  }
}
