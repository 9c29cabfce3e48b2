// Decisions on requests about existing brokers.

import type { BrokerRecord, BrokerUpdate, PendingSettings } from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { ChangeEntry, Decided } from './creation.ts';
import { acceptWindow, type WindowRequest } from './creation-request.ts';
import { nextState } from './lifecycle.ts';
import { chooseHost, isOlder, offerOf } from './offers/offers.ts';
import {
  checkLogs,
  checkMinorUpgrade,
  checkParameters,
  checkSecurityGroups,
  checkTags,
  type LogsRequest,
  type OptionalParameters,
  refuse,
} from './rules.ts';

/** The code of the required action when a broker's key is lost. */
export const invalidKeyAction = 'RABBITMQ_INVALID_KMS_KEY';

/** An UpdateBroker request, with the member names of Amazon MQ. */
export interface UpdateRequest extends OptionalParameters {
  readonly autoMinorVersionUpgrade?: boolean | undefined;
  readonly engineVersion?: string | undefined;
  readonly hostInstanceType?: string | undefined;
  readonly logs?: LogsRequest | undefined;
  readonly maintenanceWindowStartTime?: WindowRequest | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly resourceShareArns?: readonly string[] | undefined;
}

/**
 * Decides on requests about existing brokers. Every decision is synchronous: its changes must be
 * applied in the same tick.
 */
export class Decisions {
  readonly #brokers: Brokers;

  constructor(brokers: Brokers) {
    this.#brokers = brokers;
  }

  /**
   * Starts a reboot, which applies pending settings.
   *
   * @throws {ControlError} 'not-found'; 'bad-request' if the broker is not RUNNING, unless its
   *   engine failed and a reboot may help
   */
  reboot(id: string): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    const state = nextState(broker.state, 'reboot-asked');
    if (state === undefined || broker.action?.code === invalidKeyAction) {
      throw refuse(
        'brokerState',
        `Broker [${id}] cannot be rebooted in state ${broker.state}` +
          (broker.action ? ` (${broker.action.code}).` : ', it must be RUNNING.'),
      );
    }
    return this.#set(broker, { state });
  }

  /** @throws {ControlError} 'not-found' */
  delete(id: string): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    const state = nextState(broker.state, 'deletion-asked') ?? broker.state;
    return this.#set(broker, { state });
  }

  /**
   * Changes settings. Some take effect at once, others at the next reboot.
   *
   * @throws {ControlError} 'not-found', 'bad-request'
   */
  update(id: string, request: UpdateRequest): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    if (broker.state === 'DELETION_IN_PROGRESS' || broker.state === 'CREATION_FAILED') {
      throw refuse('brokerState', `Broker [${id}] cannot be updated in state ${broker.state}.`);
    }
    const offer = offerOf(broker);
    checkParameters(request, offer);
    refuseShares(request);
    checkMinorUpgrade(request.autoMinorVersionUpgrade ?? true, offer);
    checkLogs(request.logs, offer);
    checkSecurityGroups(request.securityGroups ?? []);
    const window = request.maintenanceWindowStartTime;
    return this.#set(broker, {
      ...(window && { maintenanceWindow: acceptWindow(window) }),
      ...(request.securityGroups && { securityGroups: request.securityGroups }),
      pending: pendingAfter(broker, request),
    });
  }

  /** @throws {ControlError} 'not-found', 'bad-request' */
  addTags(arn: string, tags: Readonly<Record<string, string>>): Decided<BrokerRecord> {
    const broker = this.#brokers.requireArn(arn);
    const all = { ...broker.tags, ...tags };
    checkTags(all);
    return this.#set(broker, { tags: all });
  }

  /** Keys that do not exist are ignored. @throws {ControlError} 'not-found' */
  removeTags(arn: string, keys: readonly string[]): Decided<BrokerRecord> {
    const broker = this.#brokers.requireArn(arn);
    const left = Object.entries(broker.tags).filter(([key]) => !keys.includes(key));
    return this.#set(broker, { tags: Object.fromEntries(left) });
  }

  #set(broker: BrokerRecord, set: BrokerUpdate): Decided<BrokerRecord> {
    const changes: ChangeEntry[] = [this.#brokers.entry({ updated: broker.id, set })];
    return { value: { ...broker, ...set }, changes };
  }
}

/** The settings that wait for the next reboot because they differ from the current ones. */
function pendingAfter(broker: BrokerRecord, request: UpdateRequest): PendingSettings {
  const engineVersion =
    request.engineVersion ?? broker.pending.engineVersion ?? broker.engineVersion;
  const hostInstanceType =
    request.hostInstanceType ?? broker.pending.hostInstanceType ?? broker.hostInstanceType;
  const offer = offerOf(broker);
  chooseHost(offer, { hostInstanceType, engineVersion });
  if (isOlder(offer, engineVersion, broker.engineVersion)) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${engineVersion}] is older than [${broker.engineVersion}]; ` +
        'downgrades are not supported.',
    );
  }
  const generalLog = request.logs?.general ?? broker.pending.generalLog ?? broker.generalLog;
  const auditLog = request.logs?.audit ?? broker.pending.auditLog ?? broker.auditLog;
  return {
    ...(engineVersion !== broker.engineVersion && { engineVersion }),
    ...(hostInstanceType !== broker.hostInstanceType && { hostInstanceType }),
    ...(generalLog !== broker.generalLog && { generalLog }),
    ...(auditLog !== null && auditLog !== broker.auditLog && { auditLog }),
  };
}

function refuseShares({ resourceShareArns = [] }: UpdateRequest): void {
  if (resourceShareArns.length === 0) return;
  throw refuse('resourceShareArns', 'Private access to shared resources is not supported.');
}
