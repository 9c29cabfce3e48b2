// How much V8 inlines in a broker.

import type { Broker } from '../../broker/broker.ts';

/** Opened connections per tick from which opening them takes much of the processor's time. */
const openedCountMin = 20;
/** Published messages per tick whose path is worth the larger limits, however many connections are opened. */
const publishedCountMin = 1000;

/** The parts of a broker that tell what it works on. */
export interface Work {
  readonly counters: Pick<Broker['counters'], 'published'>;
  readonly clientConnections: Pick<Broker['clientConnections'], 'openedCount'>;
  readonly turns: Pick<Broker['turns'], 'messagesBegin'>;
}

/**
 * Selects how much V8 inlines. The path of a message needs more than V8's own limits allow. These compile
 * what connections need more quickly (decisions 0050 and 0128). V8 reads the limits when it compiles a
 * function that has become hot, and compiled functions stay as they are. So the limits follow the work of
 * the last tick.
 */
export class InliningMode {
  readonly #work: Work;
  readonly #set: (isMore: boolean) => void;
  #hasBegun = false;
  #isMore = false;
  #publishedCount = 0;
  #openedCount = 0;

  /** @param set changes the limits of the process, which are initially V8's own */
  constructor(work: Work, set: (isMore: boolean) => void) {
    this.#work = work;
    this.#set = set;
    work.turns.messagesBegin = () => {
      this.#hasBegun = true;
      this.#change(true);
      this.#count();
    };
  }

  /** Call it ten times a second. */
  tick(): void {
    const published = this.#work.counters.published - this.#publishedCount;
    const opened = this.#work.clientConnections.openedCount - this.#openedCount;
    this.#count();
    if (this.#hasBegun) this.#change(opened < openedCountMin || published >= publishedCountMin);
  }

  #count(): void {
    this.#publishedCount = this.#work.counters.published;
    this.#openedCount = this.#work.clientConnections.openedCount;
  }

  #change(isMore: boolean): void {
    if (isMore === this.#isMore) return;
    this.#isMore = isMore;
    this.#set(isMore);
  }
}
