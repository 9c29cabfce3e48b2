import type { MetricsJson } from '../base/metrics.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { EngineMissing } from './errors.ts';
import type { BrokerKind, Offer } from './offers/offer.ts';
import { allOffers } from './offers/offers.ts';

/** The engines of a service: which one runs a broker, and what is offered since one can run it. */
export class Engines {
  /** The kinds of brokers that can be created. */
  readonly offered: readonly Offer[];
  readonly #engines: readonly Engine[];

  constructor(engines: readonly Engine[]) {
    this.#engines = engines;
    this.offered = allOffers.filter((offer) => this.#find(offer) !== undefined);
  }

  /**
   * The engine that runs brokers of a kind.
   *
   * @throws {EngineMissing} where none does: the record was written by a service with more engines
   */
  engineFor(kind: BrokerKind): Engine {
    const engine = this.#find(kind);
    if (engine !== undefined) return engine;
    const { engineType, deploymentMode } = kind;
    const text = `no engine of this service runs brokers of type ${engineType} in mode ${deploymentMode}`;
    throw new EngineMissing(text);
  }

  /** Sets who is told what engines report; called once, before the first start. */
  observe(events: EngineEvents): void {
    for (const engine of this.#engines) engine.observe(events);
  }

  /** What every running broker measures. */
  async metrics(): Promise<MetricsJson[]> {
    return (await Promise.all(this.#engines.map((engine) => engine.metrics()))).flat();
  }

  /** Has every running broker show the certificates that it is to show by now. */
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
