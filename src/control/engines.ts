// The engines of the service.

import type { MetricsJson } from '../base/metrics.ts';
import type { Engine, EngineEvents, EngineKind, ListenerPlan } from './engine.ts';
import { EngineMissing } from './errors.ts';
import type { BrokerKind, Offer } from './offers/offer.ts';
import { allOffers, offerOf } from './offers/offers.ts';

/** Finds the engine that runs a broker, and lists what can be created. */
export class Engines {
  /** The kinds of brokers that can be created. */
  readonly offered: readonly Offer[];
  readonly #engines: readonly Engine[];

  constructor(engines: readonly Engine[]) {
    this.#engines = engines;
    this.offered = allOffers.flatMap((offer) => {
      const kind = this.#kind(offer);
      return kind === undefined ? [] : [offeredBy(offer, kind)];
    });
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

  /**
   * Returns the offer for a kind of broker, or the full offer if no engine runs the kind any more.
   */
  offerOf(kind: BrokerKind): Offer {
    return this.offered.find((row) => isSameKind(row, kind)) ?? offerOf(kind);
  }

  /** The listeners that a broker of a kind has, for each of its endpoints. */
  listenersOf(kind: BrokerKind): ListenerPlan[] {
    const offer = this.offered.find((row) => isSameKind(row, kind));
    if (offer === undefined) return [];
    const endpoints = Array.from({ length: offer.endpointCount }, (_, i) => i + 1);
    return endpoints.flatMap((endpoint) =>
      offer.listeners.map((listener) => ({ ...listener, endpoint })),
    );
  }

  #find(kind: BrokerKind): Engine | undefined {
    return this.#engines.find(({ kinds }) => kinds.some((own) => isSameKind(own, kind)));
  }

  #kind(kind: BrokerKind): EngineKind | undefined {
    return this.#find(kind)?.kinds.find((own) => isSameKind(own, kind));
  }
}

function isSameKind(one: BrokerKind, other: BrokerKind): boolean {
  return one.engineType === other.engineType && one.deploymentMode === other.deploymentMode;
}

/** Restricts an offer to the parts that an engine supports. */
function offeredBy(offer: Offer, kind: EngineKind): Offer {
  const { rules } = offer;
  const strategies = rules.authenticationStrategies.filter((each) =>
    kind.authenticationStrategies.includes(each),
  );
  return {
    ...offer,
    listeners: offer.listeners.filter(({ name }) => kind.listeners.includes(name)),
    rules: {
      ...rules,
      authenticationStrategies: strategies,
      hasLdap: rules.hasLdap && strategies.includes('LDAP'),
    },
  };
}
