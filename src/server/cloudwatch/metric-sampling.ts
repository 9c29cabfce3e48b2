// Samples the metrics of all brokers, once a minute.

import type { MetricsJson } from '../../base/metrics.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { MetricStore } from '../../metrics/metric-store.ts';
import { Sampler } from '../../metrics/sampler.ts';
import { nodeNameOf } from '../logs/stream-names.ts';

const minuteMs = 60_000;
/** Milliseconds between two attempts to take the first sample: brokers do not count at once. */
const firstEveryMs = 4000;

/** What the sampling needs. */
export interface MetricSamplingParts {
  readonly store: MetricStore;
  /** What the brokers report, as for Prometheus. */
  readonly metrics: () => Promise<readonly MetricsJson[]>;
  readonly brokers: () => Iterable<BrokerRecord>;
  readonly failed: (error: unknown) => void;
}

/** Samples the metrics of all brokers, once a minute. */
export class MetricSampling {
  readonly #parts: MetricSamplingParts;
  readonly #sampler = new Sampler();
  #minute: number | undefined = undefined;
  #nextAtMs: number | undefined = undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(parts: MetricSamplingParts) {
    this.#parts = parts;
  }

  /**
   * Takes a sample if a minute has ended. Call it once a second.
   *
   * @param nowMs milliseconds since 1970
   * @param monotonicMs milliseconds of the monotonic clock
   */
  tick(nowMs: number, monotonicMs: number): void {
    if (this.#isBusy || this.#isClosed) return;
    const minute = Math.floor(nowMs / minuteMs);
    this.#nextAtMs ??= monotonicMs + firstEveryMs;
    if (monotonicMs < this.#nextAtMs || minute === this.#minute) return;
    this.#isBusy = true;
    this.#sample(minute, nowMs, monotonicMs)
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#parts.failed(error);
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #sample(minute: number, nowMs: number, monotonicMs: number): Promise<void> {
    const { store, metrics, brokers } = this.#parts;
    const isFirst = this.#minute === undefined;
    this.#minute = minute;
    const all = await metrics();
    if (this.#isClosed) return;
    const sampled = [...brokers()].map((broker) => ({
      name: broker.name,
      engineType: broker.engineType,
      engineVersion: broker.engineVersion,
      nodeName: nodeNameOf(broker),
    }));
    const sample = await this.#sampler.sample(all, sampled, monotonicMs);
    if (isFirst && sample.size === 0) {
      // No broker counts yet. It is shown soon after it does.
      this.#minute = undefined;
      this.#nextAtMs = monotonicMs + firstEveryMs;
      return;
    }
    // The first sample belongs to the present minute, and later ones to the minute that has ended.
    await store.add((isFirst ? minute : minute - 1) * minuteMs, sample, nowMs);
  }

  /** No sample is stored any more. */
  close(): void {
    this.#isClosed = true;
  }
}
