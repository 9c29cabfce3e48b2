// Alarms of running brokers: low memory and low disk space, and missing confirms.

import type { BrokerRecord } from './broker-record.ts';
import type { BrokerAlarm } from './engine.ts';

/** An action that a description of a broker states as required. */
export interface RequiredAction {
  readonly code: string;
  readonly info: string;
}

/** The actions of brokers of RabbitMQ's type, with the codes of Amazon MQ where it has one. */
const actions: Readonly<Record<BrokerAlarm, RequiredAction>> = {
  memory: {
    code: 'RABBITMQ_MEMORY_ALARM',
    info: 'The broker is low on memory; publishers wait until it has more.',
  },
  disk: {
    code: 'RABBITMQ_DISK_ALARM',
    info: 'The broker is low on disk space; publishers wait until it has more.',
  },
  confirms: {
    code: 'BROKER_NO_CONFIRMS',
    info: 'The cluster confirms no messages to quorum queues; its log states why.',
  },
};

/** The alarms that running brokers have reported. They are not recorded: they end with the process. */
export class BrokerAlarms {
  /** Whether a broker that should run is still being started, although its record says RUNNING. */
  isStarting: (broker: Pick<BrokerRecord, 'id' | 'engineType' | 'deploymentMode'>) => boolean =
    () => false;
  readonly #byId = new Map<string, readonly BrokerAlarm[]>();

  /** Replaces the alarms of a broker. */
  set(brokerId: string, alarms: readonly BrokerAlarm[]): void {
    if (alarms.length === 0) this.#byId.delete(brokerId);
    else this.#byId.set(brokerId, alarms);
  }

  /** The alarms of a broker; none unless it is running. */
  of({ id, state }: Pick<BrokerRecord, 'id' | 'state'>): readonly BrokerAlarm[] {
    return state === 'RUNNING' ? (this.#byId.get(id) ?? []) : [];
  }

  /**
   * The state of a broker as its users see it, and the actions that it requires. An alarm of a broker of
   * RabbitMQ's type is critical.
   */
  shown(broker: Pick<BrokerRecord, 'id' | 'state' | 'engineType' | 'deploymentMode' | 'action'>): {
    readonly state: BrokerRecord['state'];
    readonly actions: readonly RequiredAction[];
  } {
    const { action, engineType } = broker;
    const isStarting = broker.state === 'RUNNING' && this.isStarting(broker);
    const state = isStarting ? 'REBOOT_IN_PROGRESS' : broker.state;
    const alarms = engineType === 'RABBITMQ' ? this.of(broker) : [];
    if (alarms.length === 0) return { state, actions: action ? [action] : [] };
    return { state: 'CRITICAL_ACTION_REQUIRED', actions: alarms.map((alarm) => actions[alarm]) };
  }
}
