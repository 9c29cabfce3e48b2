// Searches a sample of a broker's messages for personal and secret data.

import type { Clock } from '../../../base/clock.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import {
  type DiscoveryPage,
  type DiscoveryRequest,
  discoveryLimits,
  type QueueFindings,
} from '../../../control/discovery.ts';
import { findKinds } from '../../../sensitive-data/find-kinds.ts';
import { PersonNames } from '../../../sensitive-data/person-names.ts';
import { MessageView } from '../../../storage/message-record.ts';
import { type MessageText, textsOf } from './message-texts.ts';

/** Milliseconds after which other work of the broker runs. */
const sliceMs = 2;
/** Queues that are skipped before the time is checked. */
const skippedPerCheck = 1024;

/** The parts of a broker that a search needs. */
export interface DiscoveryHost {
  readonly vhosts: ReadonlyMap<string, Vhost>;
  formatOf(number: number): MessageFormat | undefined;
}

/**
 * Searches a page of the broker's queues. Messages are read without being acquired: their order,
 * their delivery counts and the consumers are not affected. The search is done in slices, between
 * which the broker does its other work. Values never leave this function.
 *
 * @param nextTurn resolves in a later turn of the event loop
 */
export async function discover(
  broker: DiscoveryHost,
  request: DiscoveryRequest,
  clock: Clock,
  nextTurn: () => Promise<void>,
): Promise<DiscoveryPage> {
  return new Search(broker, request, clock, nextTurn).page();
}

class Search {
  readonly #broker: DiscoveryHost;
  readonly #request: DiscoveryRequest;
  readonly #clock: Clock;
  readonly #nextTurn: () => Promise<void>;
  readonly #personNames: PersonNames | undefined;
  readonly #view = new MessageView();
  #sliceSinceMs: number;

  constructor(
    broker: DiscoveryHost,
    request: DiscoveryRequest,
    clock: Clock,
    nextTurn: () => Promise<void>,
  ) {
    const { personNames } = request;
    this.#broker = broker;
    this.#request = request;
    this.#clock = clock;
    this.#nextTurn = nextTurn;
    this.#personNames = personNames.length === 0 ? undefined : new PersonNames(personNames);
    this.#sliceSinceMs = clock.monotonicMs();
  }

  async page(): Promise<DiscoveryPage> {
    const { queueCountMax, pageMsMax } = discoveryLimits;
    const untilMs = this.#clock.monotonicMs() + pageMsMax;
    const found: QueueFindings[] = [];
    let position = 0;
    for (const vhost of this.#broker.vhosts.values()) {
      for (const queue of vhost.queues.values()) {
        position += 1;
        if (position <= this.#request.after) {
          if (position % skippedPerCheck === 0) await this.#pause();
          continue;
        }
        const isFull = found.length >= queueCountMax || this.#clock.monotonicMs() > untilMs;
        // A page has at least one queue, so that every page makes progress.
        if (found.length > 0 && isFull) return { queues: found, next: position - 1 };
        found.push(await this.#sample(queue));
        await this.#pause();
      }
    }
    return { queues: found, next: undefined };
  }

  async #sample(queue: Queue): Promise<QueueFindings> {
    const cursor = queue.cursor();
    const end = queue.index.next;
    const counts = new Map<string, number>();
    let sampledCount = 0;
    while (sampledCount < this.#request.messageCountMax && !queue.isDeleted) {
      const read = cursor.read(this.#view);
      // Messages that arrive later are not sampled.
      if (read === 'end' || cursor.position >= end) break;
      if (read === 'cold') {
        await cursor.load();
        continue;
      }
      sampledCount += 1;
      await this.#examine(this.#texts(), counts);
    }
    return {
      vhost: queue.vhost,
      queue: queue.name,
      messageCount: queue.index.count,
      sampledCount,
      nameKinds: findKinds(queue.name, { personNames: this.#personNames }),
      kinds: [...counts].sort(byName).map(([kind, messageCount]) => ({ kind, messageCount })),
    };
  }

  #texts(): MessageText[] {
    return textsOf(this.#view, this.#broker.formatOf(this.#view.format));
  }

  async #examine(texts: readonly MessageText[], counts: Map<string, number>): Promise<void> {
    const kinds = new Set<string>();
    for (const { text, name } of texts) {
      const found = findKinds(text, { name, personNames: this.#personNames });
      for (const kind of found) kinds.add(kind);
      await this.#pause();
    }
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }

  /** Lets the broker do other work, if this slice has taken its time. */
  async #pause(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sliceSinceMs < sliceMs) return;
    await this.#nextTurn();
    this.#sliceSinceMs = this.#clock.monotonicMs();
  }
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}
