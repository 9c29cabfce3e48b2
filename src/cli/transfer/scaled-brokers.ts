// The brokers of `waxwing scale`, as the API of the service knows them.

import { systemClock } from '../../base/clock.ts';
import type { ScaledKind } from '../../transfer/scaling/differences.ts';
import { type ApiAccess, callApi, callApiGet } from '../access/call-api.ts';
import { brokerStatuses } from '../broker-statuses.ts';
import { CliError } from '../errors.ts';

/** The tag of a broker that replaces another one: the id of that one. */
export const originTag = 'waxwing:scaled-from';

/** The deployment mode of a kind. */
const modes = { single: 'SINGLE_INSTANCE', cluster: 'CLUSTER_MULTI_AZ' } as const;

/** Time in which a new broker must run, and the interval of looks; milliseconds. */
const runningMsMax = 600_000;
const lookMs = 1000;

/** A broker, as far as a move needs it. */
export interface BrokerDescription {
  readonly brokerId: string;
  readonly brokerName: string;
  readonly brokerState: string;
  readonly deploymentMode: string;
  readonly engineType: string;
  readonly engineVersion: string;
  readonly hostInstanceType: string;
  readonly publiclyAccessible: boolean;
  readonly autoMinorVersionUpgrade: boolean;
  readonly brokerInstances?: readonly {
    readonly consoleURL?: string;
    readonly endpoints?: readonly string[];
  }[];
  readonly configurations?: {
    readonly current?: { readonly id: string; readonly revision: number };
  };
  readonly encryptionOptions?: object;
  readonly logs?: { readonly general?: boolean };
  readonly maintenanceWindowStartTime?: object;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The brokers of the service, for one caller. */
export class ScaledBrokers {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  /**
   * The broker with an id or name.
   *
   * @returns undefined if there is none
   * @throws {CliError} `call-failed`
   */
  async find(named: string): Promise<BrokerDescription | undefined> {
    const all = await brokerStatuses(this.#access);
    const found = all.find(({ id }) => id === named) ?? all.find(({ name }) => name === named);
    return found && this.#describe(found.id);
  }

  async #describe(id: string): Promise<BrokerDescription> {
    const path = `/v1/brokers/${encodeURIComponent(id)}`;
    return (await callApiGet(this.#access, 'mq', path, {})) as BrokerDescription;
  }

  /**
   * The broker to move: of RabbitMQ, running, and not of the kind that is asked for.
   *
   * @throws {CliError} `input-invalid`, `call-failed`
   */
  async source(named: string, to: ScaledKind): Promise<BrokerDescription> {
    const found = await this.find(named);
    if (found === undefined) throw invalid(`there is no broker '${named}'`);
    const { brokerName, brokerState, deploymentMode, engineType } = found;
    if (engineType.toUpperCase() !== 'RABBITMQ') {
      const what = `broker '${brokerName}' is one of ${engineType}`;
      throw invalid(`${what}; only RabbitMQ brokers can become another kind`);
    }
    const needed = modes[to === 'cluster' ? 'single' : 'cluster'];
    if (deploymentMode !== needed) {
      throw invalid(`broker '${brokerName}' is ${deploymentMode}; --to ${to} needs ${needed}`);
    }
    if (brokerState !== 'RUNNING') {
      throw invalid(`broker '${brokerName}' is ${brokerState}; it must be RUNNING`);
    }
    return found;
  }

  /**
   * The engine version of a new broker: that of the source if it is offered, otherwise the next one, or
   * the newest.
   *
   * @throws {CliError} `input-invalid` if there is no such kind
   */
  async versionFor(source: BrokerDescription, to: ScaledKind): Promise<string> {
    const answer = (await callApiGet(this.#access, 'mq', '/v1/broker-instance-options', {
      engineType: 'RABBITMQ',
      hostInstanceType: source.hostInstanceType,
      maxResults: '100',
    })) as {
      readonly brokerInstanceOptions?: readonly {
        readonly supportedDeploymentModes?: readonly string[];
        readonly supportedEngineVersions?: readonly string[];
      }[];
    };
    const versions = (answer.brokerInstanceOptions ?? [])
      .filter(({ supportedDeploymentModes = [] }) => supportedDeploymentModes.includes(modes[to]))
      .flatMap(({ supportedEngineVersions = [] }) => supportedEngineVersions)
      .toSorted((a, b) => rank(a) - rank(b));
    const own = rank(source.engineVersion);
    const found = versions.find((version) => rank(version) >= own) ?? versions.at(-1);
    if (found !== undefined) return found;
    const why = `${modes[to]} is not offered with ${source.hostInstanceType}`;
    throw invalid(`${why}; state another --host-instance-type, and see waxwing doctor`);
  }

  /** Whether a configuration of a broker sets anything. */
  async isConfigured({ configurations }: BrokerDescription): Promise<boolean> {
    const current = configurations?.current;
    if (current === undefined) return false;
    const path = `/v1/configurations/${current.id}/revisions/${current.revision}`;
    const { data = '' } = (await callApiGet(this.#access, 'mq', path, {})) as { data?: string };
    const lines = Buffer.from(data, 'base64').toString('utf8').split('\n');
    return lines.some((line) => /^\s*[^\s#]/.test(line));
  }

  /**
   * The broker that replaces another one, if an attempt before has created it.
   *
   * @throws {CliError} `input-invalid` if the name belongs to a broker of another origin
   */
  async replacement(
    { brokerId }: BrokerDescription,
    name: string,
    to: ScaledKind,
  ): Promise<BrokerDescription | undefined> {
    const found = await this.find(name);
    if (found === undefined) return undefined;
    if (found.tags?.[originTag] === brokerId && found.deploymentMode === modes[to]) return found;
    throw invalid(`there is a broker '${name}' that does not replace ${brokerId}; state --name`);
  }

  /**
   * Creates the broker that replaces another one, with what both kinds have in common.
   *
   * @returns its id
   * @throws {CliError} `call-failed`
   */
  async create(
    source: BrokerDescription,
    wanted: {
      readonly name: string;
      readonly to: ScaledKind;
      readonly engineVersion: string;
      readonly username: string;
      readonly password: string;
    },
  ): Promise<string> {
    const { encryptionOptions, maintenanceWindowStartTime, logs, tags = {} } = source;
    const { username, password } = wanted;
    const answer = await callApi(this.#access, 'mq', '/v1/brokers', {
      brokerName: wanted.name,
      engineType: 'RABBITMQ',
      engineVersion: wanted.engineVersion,
      deploymentMode: modes[wanted.to],
      hostInstanceType: source.hostInstanceType,
      publiclyAccessible: source.publiclyAccessible,
      autoMinorVersionUpgrade: source.autoMinorVersionUpgrade,
      ...(encryptionOptions !== undefined && { encryptionOptions }),
      ...(maintenanceWindowStartTime !== undefined && { maintenanceWindowStartTime }),
      ...(logs?.general !== undefined && { logs: { general: logs.general } }),
      tags: { ...tags, [originTag]: source.brokerId },
      users: [{ username, password }],
    });
    return String((answer as { readonly brokerId?: string } | undefined)?.brokerId);
  }

  /**
   * Waits until a broker runs.
   *
   * @throws {CliError} `call-failed` if it does not
   */
  async running(id: string, interruption: AbortSignal): Promise<BrokerDescription> {
    const beganAtMs = systemClock.monotonicMs();
    while (!interruption.aborted) {
      const found = await this.#describe(id);
      const { brokerName, brokerState } = found;
      if (brokerState === 'RUNNING') return found;
      const isOver = systemClock.monotonicMs() - beganAtMs > runningMsMax;
      if (isOver || ['CREATION_FAILED', 'DELETION_IN_PROGRESS'].includes(brokerState)) {
        throw new CliError('call-failed', `broker '${brokerName}' is ${brokerState}`);
      }
      await new Promise<void>((resolve) => {
        systemClock.setTimeout(resolve, lookMs);
      });
    }
    throw interrupted();
  }
}

/** The error of a command that a signal has ended. */
export function interrupted(): CliError {
  return new CliError('interrupted', 'interrupted; run the same command again to continue');
}

function rank(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}

function invalid(why: string): CliError {
  return new CliError('input-invalid', why);
}
