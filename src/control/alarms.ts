// Alarms of running brokers: low memory and low disk space, missing confirms, disks and processes that do not
// answer.

import type { BrokerRecord } from './broker-record.ts';
import type { BrokerAlarm } from './engine.ts';

/** An action that a description of a broker states as required. */
export interface RequiredAction {
  readonly code: string;
  readonly info: string;
}

/** The actions, with the codes of Amazon MQ where it has one. */
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
  writes: {
    code: 'BROKER_DISK_NOT_ANSWERING',
    info: 'The disk of the broker has not completed a write for 15 s; confirms wait for it.',
  },
};

const notAnswering: RequiredAction = {
  code: 'BROKER_NOT_ANSWERING',
  info: 'The process of the broker does not answer. Unless it waits for a disk, it is killed soon, and the broker starts again; the log of the service states more.',
};

/** The alarms that running brokers have reported. They are not recorded: they end with the process. */
export class BrokerAlarms {
  /** Whether a broker that should run is still being started, although its record says RUNNING. */
  isStarting: (broker: Pick<BrokerRecord, 'id' | 'engineType' | 'deploymentMode'>) => boolean =
    () => false;
  /** Whether the process of a broker does not answer. */
  isSilent: (brokerId: string) => boolean = () => false;
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

  /** The names of all that {@link shown} may show. */
  names(broker: Pick<BrokerRecord, 'id' | 'state'>): readonly string[] {
    const isSilent = broker.state === 'RUNNING' && this.isSilent(broker.id);
    return isSilent ? [...this.of(broker), 'process'] : this.of(broker);
  }

  /**
   * The state of a broker as its users see it, and the actions that it requires. An alarm of a broker of
   * RabbitMQ's type is critical, and so is a disk or a process that does not answer.
   */
  shown(broker: Pick<BrokerRecord, 'id' | 'state' | 'engineType' | 'deploymentMode' | 'action'>): {
    readonly state: BrokerRecord['state'];
    readonly actions: readonly RequiredAction[];
  } {
    const { action, engineType } = broker;
    if (broker.state === 'RUNNING' && this.isSilent(broker.id)) {
      return { state: 'CRITICAL_ACTION_REQUIRED', actions: [notAnswering] };
    }
    const isStarting = broker.state === 'RUNNING' && this.isStarting(broker);
    const state = isStarting ? 'REBOOT_IN_PROGRESS' : broker.state;
    const isShown = (alarm: BrokerAlarm) => engineType === 'RABBITMQ' || alarm === 'writes';
    const alarms = this.of(broker).filter(isShown);
    if (alarms.length === 0) return { state, actions: action ? [action] : [] };
    return { state: 'CRITICAL_ACTION_REQUIRED', actions: alarms.map((alarm) => actions[alarm]) };
  }
}
