// The engines of the service.

import type { MetricsJson } from '../base/metrics.ts';
import type {
  ConfiguredBroker,
  Engine,
  EngineEvents,
  EngineKind,
  ListenerPlan,
  MissingKind,
} from './engine.ts';
import { EngineMissing } from './errors.ts';
import type { BrokerKind, InstanceType, Offer } from './offers/offer.ts';
import { allOffers, offerOf } from './offers/offers.ts';

/** Finds the engine that runs a broker, and lists what can be created. */
export class Engines {
  #offered: readonly Offer[] = [];
  #missing: readonly MissingKind[] = [];
  #engines: readonly Engine[] = [];
  #events: EngineEvents | undefined = undefined;

  constructor(engines: readonly Engine[]) {
    this.#take(engines);
  }

  /** The kinds of brokers that can be created. */
  get offered(): readonly Offer[] {
    return this.#offered;
  }

  /** The kinds that cannot be created on this machine, and why. */
  get missing(): readonly MissingKind[] {
    return this.#missing;
  }

  /**
   * Adds engines while brokers of others may be running, and ends what an earlier process of the
   * service left of theirs.
   */
  async add(engines: readonly Engine[]): Promise<void> {
    const events = this.#events;
    if (events !== undefined) for (const engine of engines) engine.observe(events);
    await Promise.all(engines.map((engine) => engine.endLeftovers?.()));
    this.#take([...this.#engines, ...engines]);
  }

  #take(engines: readonly Engine[]): void {
    this.#engines = engines;
    this.#offered = allOffers.flatMap((offer) => {
      const kind = this.#kind(offer);
      const replicates = this.#find(offer)?.volumes.replicas !== undefined;
      return kind === undefined ? [] : [offeredBy(offer, kind, replicates)];
    });
    this.#missing = engines.flatMap(({ missing = [] }) => missing);
  }

  /** Whether an engine runs brokers of a kind. */
  runs(kind: BrokerKind): boolean {
    return this.#find(kind) !== undefined;
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
    this.#events = events;
    for (const engine of this.#engines) engine.observe(events);
  }

  /** See {@link Engine.endLeftovers}. */
  async endLeftovers(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.endLeftovers?.()));
  }

  /** See {@link Engine.abandon}. */
  abandonStart(broker: BrokerKind & { readonly id: string }): void {
    if (this.runs(broker)) this.engineFor(broker).abandon?.(broker.id);
  }

  /** See {@link Engine.loadRefusals}. */
  async loadRefusals(broker: BrokerKind): Promise<void> {
    await this.#find(broker)?.loadRefusals?.(broker.engineType);
  }

  /** See {@link Engine.configurationRefusal}. Undefined too if no engine runs brokers of the kind. */
  configurationRefusal(broker: BrokerKind & ConfiguredBroker, text: string): string | undefined {
    return this.#find(broker)?.configurationRefusal?.(broker, text);
  }

  /** See {@link Engine.abandonStarts}. */
  abandonStarts(): void {
    for (const engine of this.#engines) engine.abandonStarts?.();
  }

  /** Whether the start of the service waits for brokers of a kind. */
  areAwaited(kind: BrokerKind): boolean {
    return this.#kind(kind)?.startsSlowly !== true;
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
function offeredBy(offer: Offer, kind: EngineKind, replicates: boolean): Offer {
  const { rules } = offer;
  const strategies = rules.authenticationStrategies.filter((each) =>
    kind.authenticationStrategies.includes(each),
  );
  return {
    ...offer,
    ...(kind.engineVersions && versionsOf(offer, kind.engineVersions)),
    ...(kind.hashPassword && { hashPassword: kind.hashPassword }),
    listeners: offer.listeners.filter(({ name }) => kind.listeners.includes(name)),
    rules: {
      ...rules,
      authenticationStrategies: strategies,
      dataReplicationModes: rules.dataReplicationModes.filter(
        (mode) => mode === 'NONE' || replicates,
      ),
      hasLdap: rules.hasLdap && strategies.includes('LDAP'),
    },
  };
}

/**
 * The versions of an engine that is not our own, which may be others than those of Amazon MQ. An
 * instance type has those whose major version it has on Amazon MQ.
 */
function versionsOf(
  { instanceTypes }: Offer,
  engineVersions: readonly string[],
): Pick<Offer, 'engineVersions' | 'instanceTypes'> {
  const major = (version: string) => version.split('.')[0];
  const restricted = instanceTypes.flatMap((type): InstanceType[] => {
    const majors = type.engineVersions.map(major);
    const versions = engineVersions.filter((version) => majors.includes(major(version)));
    return versions.length === 0 ? [] : [{ ...type, engineVersions: versions }];
  });
  return { engineVersions, instanceTypes: restricted };
}
