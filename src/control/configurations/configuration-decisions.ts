// Decisions on requests about configurations.

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { BrokerRecord, ConfigurationUse } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { ChangeEntry, Decided } from '../creation.ts';
import type { ConfiguredBroker } from '../engine.ts';
import type { Engines } from '../engines.ts';
import { ControlError } from '../errors.ts';
import type { BrokerKind } from '../offers/offer.ts';
import { allOffers, engineNameOf } from '../offers/offers.ts';
import { rabbitMqInstance } from '../offers/rabbitmq-limits.ts';
import { checkTags, refuse } from '../rules.ts';
import type { SanitisingWarning } from './activemq/sanitise.ts';
import type { ConfigurationRecord, RevisionRecord } from './configuration-record.ts';
import {
  acceptText,
  checkConfigurationName,
  chooseEngine,
  readData,
} from './configuration-rules.ts';
import {
  type Configuration,
  type Configurations,
  unknownConfigurationText,
} from './configurations.ts';
import { defaultText } from './default-texts.ts';
import { configurationLimits } from './limits.ts';
import { checkMaximum } from './rabbitmq/broker-limits.ts';

/** A request for a configuration, with the member names of Amazon MQ's CreateConfiguration. */
export interface ConfigurationRequest {
  readonly name: string;
  readonly engineType: string;
  readonly engineVersion?: string | undefined;
  readonly authenticationStrategy?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** A request for a new revision, as in Amazon MQ's UpdateConfiguration. */
export interface RevisionRequest {
  /** Base64. */
  readonly data: string;
  readonly description?: string | undefined;
}

/** The dependencies of the decisions. */
export interface ConfigurationParts {
  readonly brokers: Brokers;
  readonly configurations: Configurations;
  readonly engines: Pick<Engines, 'offered' | 'configurationRefusal'>;
  /** Whether configurations may not exceed the limits of instance types. */
  readonly hasInstanceLimits: boolean;
  readonly random: Random;
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
}

/** A new revision, and the settings that were removed from the request. */
export interface Revised {
  readonly configuration: Configuration;
  readonly warnings: readonly SanitisingWarning[];
}

/**
 * Decides on requests about configurations. Changes must be applied in the tick in which the decision
 * was made.
 */
export class ConfigurationDecisions {
  readonly #parts: ConfigurationParts;

  constructor(parts: ConfigurationParts) {
    this.#parts = parts;
  }

  /**
   * Creates a configuration. Its first revision is the default text of the engine.
   *
   * @throws {ControlError} 'bad-request', 'conflict'
   */
  create(request: ConfigurationRequest): Decided<Configuration> {
    checkConfigurationName(request.name);
    // Amazon MQ's versions first: the default is one of these.
    const chosen = chooseEngine([...allOffers, ...this.#parts.engines.offered], request);
    checkTags(request.tags ?? {}, 'configuration');
    if (this.#parts.configurations.withName(request.name) !== undefined) {
      throw new ControlError(
        'conflict',
        `Configuration with name [${request.name}] already exists. Configuration names must be unique.`,
        'name',
      );
    }
    return this.#created(request.name, chosen, request.tags ?? {});
  }

  /**
   * Creates the configuration of a broker for which the request names none, if its engine type
   * needs one.
   *
   * @param broker the broker that it is for
   */
  createFor(
    broker: Pick<BrokerRecord, 'name' | 'engineType' | 'engineVersion' | 'authenticationStrategy'>,
  ): Decided<Configuration> {
    // The version may be one that only an engine of this machine has.
    const { engineType, engineVersion, authenticationStrategy: strategy } = broker;
    const chosen = { engineType, engineVersion, engineName: engineNameOf(engineType), strategy };
    const name = `${broker.name}-configuration`;
    // A configuration with this name may remain from an earlier broker.
    const isTaken = this.#parts.configurations.withName(name) !== undefined;
    const suffix = isTaken ? `-${this.#parts.random.uuid().slice(0, 8)}` : '';
    return this.#created(`${name}${suffix}`, chosen, {});
  }

  /**
   * Creates the configuration of a restored broker. A text other than the default is a second
   * revision.
   *
   * @param broker the broker that it is for
   */
  createWith(
    broker: Parameters<ConfigurationDecisions['createFor']>[0],
    text: string,
  ): Decided<Configuration> {
    const { value, changes } = this.createFor(broker);
    if (value.latest.text === text) return { value, changes };
    const latest = this.#revision(value.latest.revision + 1, 'Restored from a backup', text);
    const revised = this.#parts.configurations.entry({ revised: value.id, revision: latest });
    return { value: { ...value, latest }, changes: [...changes, revised] };
  }

  #created(
    name: string,
    chosen: ReturnType<typeof chooseEngine>,
    tags: Readonly<Record<string, string>>,
  ): Decided<Configuration> {
    const { configurations, clock, random, region, accountId } = this.#parts;
    const { engineType, engineName, engineVersion, strategy } = chosen;
    const { configurationCountMax } = configurationLimits;
    if (configurations.count >= configurationCountMax) {
      const text = `There are ${configurations.count} configurations; at most ${configurationCountMax} are allowed.`;
      throw refuse('name', text);
    }
    const id = `c-${random.uuid()}`;
    const description = `Auto-generated default for ${name} on ${engineName} ${engineVersion}`;
    const record: ConfigurationRecord = {
      id,
      arn: `arn:aws:mq:${region}:${accountId}:configuration:${id}`,
      name,
      createdMs: clock.nowMs(),
      description,
      engineType,
      engineVersion,
      authenticationStrategy: strategy,
      tags,
    };
    const latest = this.#revision(1, description, defaultText(engineType));
    const changes = [
      configurations.entry({ created: record }),
      configurations.entry({ revised: id, revision: latest }),
    ];
    return { value: { ...record, latest }, changes };
  }

  #revision(revision: number, description: string, text: string): RevisionRecord {
    const { configurations, clock } = this.#parts;
    const { allTextBytesMax: max } = configurationLimits;
    const bytes = configurations.textBytes + Buffer.byteLength(text);
    if (bytes > max) {
      const found = `The texts of all configurations would have ${bytes} bytes; at most ${max} are allowed: `;
      throw refuse('data', `${found}delete configurations that no broker uses.`);
    }
    return { revision, createdMs: clock.nowMs(), description, text };
  }

  /**
   * Creates a revision of a configuration. The returned function must be called in the tick in
   * which its changes are applied.
   *
   * @throws {ControlError} 'not-found', 'bad-request'
   */
  async revise(id: string, request: RevisionRequest): Promise<() => Decided<Revised>> {
    const { configurations } = this.#parts;
    this.#refuseManyRevisions(configurations.require(id));
    const { text, warnings } = await acceptText(readData(request.data), configurations.require(id));
    return () => {
      const configuration = configurations.require(id);
      this.#refuseManyRevisions(configuration);
      const number = configuration.latest.revision + 1;
      const latest = this.#revision(number, request.description ?? '', text);
      return {
        value: { configuration: { ...configuration, latest }, warnings },
        changes: [configurations.entry({ revised: id, revision: latest })],
      };
    };
  }

  #refuseManyRevisions({ id, latest }: Configuration): void {
    const { revisionCountMax: max } = configurationLimits;
    if (latest.revision < max) return;
    throw refuse('data', `Configuration [${id}] already has the maximum of ${max} revisions.`);
  }

  /** @throws {ControlError} 'not-found'; 'conflict' if a broker uses it */
  delete(id: string): Decided<Configuration> {
    const { brokers, configurations } = this.#parts;
    const configuration = configurations.require(id);
    for (const { id: brokerId, configuration: current, pending } of brokers.all()) {
      if (current?.id !== id && pending.configuration?.id !== id) continue;
      throw new ControlError(
        'conflict',
        `Configuration [${id}] cannot be deleted: broker [${brokerId}] uses it.`,
        'configuration_id',
      );
    }
    return { value: configuration, changes: [configurations.entry({ removed: id })] };
  }

  /**
   * Returns the revision for a broker.
   *
   * @param asked as in Amazon MQ's ConfigurationId; by default the newest revision
   * @param broker the broker that it is for
   * @throws {ControlError} 'bad-request' if it does not exist, is not for this kind of broker, or its engine
   *   cannot run it
   */
  choose(
    asked: { readonly id: string; readonly revision?: number | undefined },
    broker: Pick<
      BrokerRecord,
      | 'engineType'
      | 'authenticationStrategy'
      | 'hostInstanceType'
      | 'engineVersion'
      | 'deploymentMode'
    >,
  ): ConfigurationUse {
    const { configurations, hasInstanceLimits } = this.#parts;
    const found = configurations.get(asked.id);
    if (found === undefined) throw refuse('configuration', unknownConfigurationText(asked.id));
    const { id, engineType, authenticationStrategy, latest } = found;
    const revision = asked.revision ?? latest.revision;
    const text = configurations.revision(id, revision)?.text;
    if (text === undefined) {
      throw refuse('configuration', unknownRevisionText(id, revision));
    }
    if (engineType !== broker.engineType) {
      throw refuse(
        'configuration',
        `Configuration [${id}] is for engine type [${engineType}], the broker has ` +
          `[${broker.engineType}].`,
      );
    }
    if (authenticationStrategy !== broker.authenticationStrategy) {
      throw refuse(
        'configuration',
        `Configuration [${id}] is for authentication strategy [${authenticationStrategy}], the ` +
          `broker has [${broker.authenticationStrategy}].`,
      );
    }
    const isSingle = broker.deploymentMode === 'SINGLE_INSTANCE';
    if (hasInstanceLimits && engineType === 'RABBITMQ' && isSingle) {
      const { hostInstanceType, engineVersion } = broker;
      const instance = rabbitMqInstance(hostInstanceType, engineVersion);
      checkMaximum(text, instance?.maximum ?? {}, hostInstanceType);
    }
    // Users that it needs may be created before the reboot.
    this.requireUsable({ id, revision }, { ...broker, users: undefined });
    return { id, revision };
  }

  /**
   * Checks that a broker can run with a revision of a configuration.
   *
   * @throws {ControlError} 'bad-request'
   */
  requireUsable(use: ConfigurationUse, broker: BrokerKind & ConfiguredBroker): void {
    const { configurations, engines } = this.#parts;
    const text = configurations.revision(use.id, use.revision)?.text;
    const why = text === undefined ? undefined : engines.configurationRefusal(broker, text);
    if (why === undefined) return;
    const which = `Configuration [${use.id}], revision [${use.revision}]`;
    const refusal = `${which}, cannot be used for this broker: ${why.replace(/\.$/, '')}.`;
    throw refuse('configuration', refusal);
  }

  /** @throws {ControlError} 'not-found', 'bad-request' */
  addTags(id: string, tags: Readonly<Record<string, string>>): Decided<Configuration> {
    const configuration = this.#parts.configurations.require(id);
    const all = { ...configuration.tags, ...tags };
    checkTags(all, 'configuration');
    return this.#tagged(configuration, all);
  }

  /** Keys that the configuration does not have are ignored. @throws {ControlError} 'not-found' */
  removeTags(id: string, keys: readonly string[]): Decided<Configuration> {
    const configuration = this.#parts.configurations.require(id);
    const left = Object.entries(configuration.tags).filter(([key]) => !keys.includes(key));
    return this.#tagged(configuration, Object.fromEntries(left));
  }

  #tagged(
    configuration: Configuration,
    tags: Readonly<Record<string, string>>,
  ): Decided<Configuration> {
    const change = { tagged: configuration.id, tags };
    const changes: ChangeEntry[] = [this.#parts.configurations.entry(change)];
    return { value: { ...configuration, tags }, changes };
  }
}

/** The error for a revision that does not exist. */
export function unknownRevision(id: string, revision: string | number): ControlError {
  return new ControlError('not-found', unknownRevisionText(id, revision), 'configuration_revision');
}

function unknownRevisionText(id: string, revision: string | number): string {
  return (
    `Can't find requested revision [${revision}] of configuration [${id}]. ` +
    'Make sure your configuration revision exists.'
  );
}
