// Data events of log-ins, and of actions that broker users were not permitted to do.

import { type AccessAttempt, accessRecord } from '../../audit/access-record.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Trails } from '../../audit/trails/trails.ts';
import { withoutPort } from '../../base/address.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { ReportedAccess } from '../../control/engine.ts';
import type { StateStore } from '../../storage/state-store.ts';
import type { ServiceLocation } from '../compose.ts';
import type { RefusedLogins } from '../refusals.ts';
import type { Settings } from '../settings.ts';

/** The parts that the events need. */
export interface AccessEventsParts {
  readonly state: {
    readonly store: Pick<StateStore, 'commit'>;
    readonly trail: Pick<Trail, 'chain'>;
    readonly brokers: { get(id: string): Pick<BrokerRecord, 'arn'> | undefined };
  };
  readonly location: Pick<ServiceLocation, 'region' | 'accountId'>;
  readonly settings: Pick<Settings, 'recordsFailedLogins'>;
  readonly trails: Pick<Trails, 'isWanted'>;
  /** Called for an event that could not be written. */
  readonly failed: (error: unknown) => void;
}

type Attempt = Omit<AccessAttempt, 'eventId' | 'region' | 'accountId' | 'atMs' | 'resources'>;

/**
 * Records log-ins and refused actions in the audit trail, if a trail that is logging selects such an
 * event. Failed log-ins can be recorded always. The number of reports is bounded before they arrive
 * here, see `AccessReports` and `FailureGatherer`.
 */
export class AccessEvents {
  readonly #parts: AccessEventsParts;

  constructor(parts: AccessEventsParts) {
    this.#parts = parts;
  }

  /** Log-ins to the API or a broker failed. */
  failedLogins({ brokerId, ...logins }: RefusedLogins): void {
    const attempt = {
      requestId: undefined,
      userAgent: undefined,
      accessKeyId: undefined,
      userName: undefined,
      protocol: undefined,
      ...logins,
    };
    this.#record(brokerId, attempt, this.#parts.settings.recordsFailedLogins);
  }

  /** Users of a broker logged in, or were not permitted to do something. */
  brokerAccess(brokerId: string, { kind, ...access }: ReportedAccess): void {
    const { user, peerAddress, protocol, text, count } = access;
    const isDenial = kind === 'denial';
    const attempt = {
      eventName: isDenial ? 'BrokerAccess' : 'BrokerLogin',
      requestId: undefined,
      sourceIp: peerAddress && withoutPort(peerAddress),
      userAgent: undefined,
      accessKeyId: undefined,
      userName: user,
      protocol,
      errorCode: isDenial ? 'AccessRefused' : undefined,
      errorMessage: isDenial ? (text ?? 'different actions were refused') : undefined,
      count,
    };
    this.#record(brokerId, attempt, false);
  }

  #record(brokerId: string | undefined, attempt: Attempt, isAlways: boolean): void {
    const { state, location, trails, failed } = this.#parts;
    const { region, accountId } = location;
    const atMs = systemClock.nowMs();
    const broker = state.brokers.get(brokerId ?? '');
    const event = accessRecord({
      ...attempt,
      eventId: systemRandom.uuid(),
      region,
      accountId,
      atMs,
      resources: broker ? [{ arn: broker.arn, type: 'AWS::AmazonMQ::Broker', accountId }] : [],
    });
    if (!isAlways && !trails.isWanted(event)) return;
    state.store.commit(state.trail.chain(event, atMs)).catch(failed);
  }
}
