// The recent values of some counters of one object.

import type { JsonObject } from '../../broker/rabbitmq/model.ts';

/** Milliseconds between two samples. */
export const sampleIntervalMs = 5000;

/** The times of the samples of all series. */
export class SampleTimes {
  /** The number of the last sample; -1 before the first. */
  last = -1;
  readonly #times: Float64Array;

  /** @param capacity the number of samples that are kept */
  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
  }

  /** Begins a sample. */
  add(atMs: number): void {
    this.last++;
    this.#times[this.last % this.#times.length] = atMs;
  }

  /** The time of a recent sample, milliseconds since 1970. */
  of(sample: number): number {
    return this.#times[sample % this.#times.length] ?? 0;
  }
}

/** The span of a history, seconds. */
export interface Span {
  readonly ageSeconds: number;
  readonly stepSeconds: number;
}

/** Values of an object at the times of the last samples: counters, or gauges. */
export class Series {
  /** Samples before this number are unknown. */
  #first: number;
  #last = -1;
  readonly #width: number;
  readonly #values: Float64Array;
  readonly #times: SampleTimes;

  /**
   * @param width number of values in a sample
   * @param capacity number of samples that are kept
   */
  constructor(times: SampleTimes, width: number, capacity: number) {
    this.#times = times;
    this.#width = width;
    this.#values = new Float64Array(width * capacity);
    this.#first = Math.max(0, times.last);
  }

  get capacity(): number {
    return this.#values.length / this.#width;
  }

  /** The number of the last sample with values. */
  get last(): number {
    return this.#last;
  }

  /** Stores a value of the present sample. */
  set(index: number, value: number): void {
    this.#last = this.#times.last;
    this.#values[(this.#last % this.capacity) * this.#width + index] = value;
  }

  #at(sample: number, index: number): number {
    return this.#values[(sample % this.capacity) * this.#width + index] ?? 0;
  }

  get #oldest(): number {
    return Math.max(this.#first, this.#last - this.capacity + 1);
  }

  /** The last value; 0 before the first sample. */
  value(index: number): number {
    return this.#last < 0 ? 0 : this.#at(this.#last, index);
  }

  /** The change per second between the last two samples; 0 if there are no two. */
  rate(index: number): number {
    const last = this.#last;
    return last - 1 < this.#oldest ? 0 : this.#rateBetween(last - 1, last, index);
  }

  #rateBetween(from: number, to: number, index: number): number {
    const ms = this.#times.of(to) - this.#times.of(from);
    // A counter of several objects shrinks when one of them is deleted.
    return ms <= 0 ? 0 : ((this.#at(to, index) - this.#at(from, index)) * 1000) / ms;
  }

  /** The rate, and with a span also the history, newest first, with RabbitMQ's names. */
  details(index: number, span: Span | undefined, isCounter: boolean): JsonObject {
    const rate = isCounter ? Math.max(0, this.rate(index)) : this.rate(index);
    if (span === undefined || this.#last < 0) return { rate };
    const samples = this.#samples(index, span);
    const [newest] = samples;
    const oldest = samples.at(-1);
    if (newest === undefined || oldest === undefined) return { rate };
    const seconds = (newest.timestamp - oldest.timestamp) / 1000;
    const change = newest.sample - oldest.sample;
    return {
      avg: samples.reduce((sum, { sample }) => sum + sample, 0) / samples.length,
      avg_rate: seconds > 0 ? change / seconds : 0,
      rate,
      samples,
    };
  }

  /**
   * The last known value at each step of a span, newest first. Steps before the first sample have none, except
   * the newest step, which may begin before it.
   */
  #samples(index: number, { ageSeconds, stepSeconds }: Span) {
    const stepMs = stepSeconds * 1000;
    const found: { sample: number; timestamp: number }[] = [];
    let at = this.#last;
    const newestMs = Math.floor(this.#times.of(at) / stepMs) * stepMs;
    const firstMs = Math.min(newestMs, this.#times.of(this.#oldest));
    const oldestMs = Math.max(newestMs - ageSeconds * 1000, firstMs);
    for (let timestamp = newestMs; timestamp >= oldestMs; timestamp -= stepMs) {
      while (at > this.#oldest && this.#times.of(at) > timestamp) at--;
      found.push({ sample: this.#at(at, index), timestamp });
    }
    return found;
  }

  /** A series with the same values and room for more. */
  grown(capacity: number): Series {
    const grown = new Series(this.#times, this.#width, capacity);
    grown.#first = this.#oldest;
    grown.#last = this.#last;
    for (let sample = this.#oldest; sample <= this.#last; sample++) {
      for (let index = 0; index < this.#width; index++) {
        grown.#values[(sample % capacity) * this.#width + index] = this.#at(sample, index);
      }
    }
    return grown;
  }
}
