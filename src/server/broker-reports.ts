// Reports about brokers, from the engines to the logs.

import { withoutPort } from '../base/address.ts';
import type { ServiceLog } from '../base/log.ts';
import type { Brokers } from '../control/brokers.ts';
import type { EngineEvents, FailedLogin, LogLevel } from '../control/engine.ts';
import type { Report } from '../control/report.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import type { Refusals } from './refusals.ts';

/** The receivers of reports. */
export interface BrokerReportsParts {
  readonly log: ServiceLog;
  readonly logs: Pick<BrokerLogs, 'append'>;
  readonly refusals: Pick<Refusals, 'loginFailed'>;
  readonly brokers: Pick<Brokers, 'get'>;
}

/**
 * Forwards reports about brokers to the service's log, and to the broker's own log if its general
 * log is enabled.
 */
export class BrokerReports implements Pick<EngineEvents, 'log' | 'loginFailed'> {
  readonly #parts: BrokerReportsParts;
  readonly report: Report;

  constructor(parts: BrokerReportsParts) {
    this.#parts = parts;
    this.report = (level, brokerId, text, error) => {
      parts.log[level]({ brokerId, err: error }, text);
      const cause = error instanceof Error ? `: ${error.message}` : '';
      this.#keep(brokerId, level, `${text}${cause}`);
    };
  }

  log(brokerId: string, level: LogLevel, text: string): void {
    // Information about ordinary events is only for the broker's own log.
    if (level !== 'info') this.#parts.log[level]({ brokerId }, text);
    this.#keep(brokerId, level, text);
  }

  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void {
    this.#parts.refusals.loginFailed(brokerId, failure, count);
    // Brokers of ActiveMQ's type write these lines themselves.
    if (this.#parts.brokers.get(brokerId)?.engineType === 'ACTIVEMQ') return;
    this.#keep(brokerId, 'warn', failedLoginLine(failure, count));
  }

  #keep(brokerId: string, level: LogLevel, text: string): void {
    const { brokers, logs } = this.#parts;
    if (brokers.get(brokerId)?.generalLog === true) logs.append(brokerId, level, text);
  }
}

function failedLoginLine(failure: FailedLogin | undefined, count: number): string {
  const times = count === 1 ? '1 log-in failed' : `${count} log-ins failed`;
  if (failure === undefined) return `${times} in other ways`;
  const { user, peerAddress, reason } = failure;
  const whose = user === undefined ? '' : ` of user '${user}'`;
  return `${times} from ${withoutPort(peerAddress)}${whose}: ${reason}`;
}
