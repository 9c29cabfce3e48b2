// The engines of the service.

import type { MetricsJson } from '../base/metrics.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { EngineMissing } from './errors.ts';
import type { BrokerKind, Offer } from './offers/offer.ts';
import { allOffers } from './offers/offers.ts';

/** Finds the engine that runs a broker, and lists what can be created. */
export class Engines {
  /** The kinds of brokers that can be created. */
  readonly offered: readonly Offer[];
  readonly #engines: readonly Engine[];

  constructor(engines: readonly Engine[]) {
    this.#engines = engines;
    this.offered = allOffers.filter((offer) => this.#find(offer) !== undefined);
  }

  /**
   * Returns the engine that runs brokers of a kind.
   *
   * @throws {EngineMissing} if there is none: the record was written by a service with more engines
   */
  engineFor(kind: BrokerKind): Engine {
    const engine = this.#find(kind);
    if (engine !== undefined) return engine;
    const { engineType, deploymentMode } = kind;
    const text = `no engine of this service runs brokers of type ${engineType} in mode ${deploymentMode}`;
    throw new EngineMissing(text);
  }

  /** Sets the receiver of the events of all engines. Called once, before the first start. */
  observe(events: EngineEvents): void {
    for (const engine of this.#engines) engine.observe(events);
  }

  /** The metrics of all running brokers. */
  async metrics(): Promise<MetricsJson[]> {
    return (await Promise.all(this.#engines.map((engine) => engine.metrics()))).flat();
  }

  /** Makes every running broker load its current certificates. */
  async renewCertificates(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.renewCertificates()));
  }

  #find({ engineType, deploymentMode }: BrokerKind): Engine | undefined {
    return this.#engines.find(({ kinds }) =>
      kinds.some(
        (kind) => kind.engineType === engineType && kind.deploymentMode === deploymentMode,
      ),
    );
  }
}
