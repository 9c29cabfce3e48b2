// Reports about brokers, from the engines to the logs.

import { withoutPort } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import type { BrokerRecord } from '../control/broker-record.ts';
import type { Brokers } from '../control/brokers.ts';
import type {
  EngineEvents,
  FailedLogin,
  LogCategory,
  LogLevel,
  ReportedAccess,
} from '../control/engine.ts';
import type { Report } from '../control/report.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import { enabledLogs, streamNameOf } from './logs/stream-names.ts';
import type { Refusals } from './refusals.ts';

/** The receivers of reports. */
export interface BrokerReportsParts {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: ServiceLog;
  readonly logs: Pick<BrokerLogs, 'append'>;
  readonly refusals: Pick<Refusals, 'loginFailed'>;
  readonly brokers: Pick<Brokers, 'get'>;
}

/** The process of RabbitMQ that lines of the service name: none. */
const noProcess = '<0.0.0>';

/**
 * Forwards reports about brokers to the service's log, and to the broker's own logs if they are
 * enabled.
 */
export class BrokerReports implements Pick<EngineEvents, 'log' | 'loginFailed' | 'accessed'> {
  /** Records log-ins and refused actions; set once the audit trail is composed. */
  recordAccess: EngineEvents['accessed'] | undefined = undefined;
  readonly #parts: BrokerReportsParts;
  readonly report: Report;

  constructor(parts: BrokerReportsParts) {
    this.#parts = parts;
    this.report = (level, brokerId, text, error) => {
      parts.log[level]({ brokerId, err: error }, text);
      const cause = error instanceof Error ? `: ${error.message}` : '';
      this.#keep(brokerId, level, `${noProcess} ${text}${cause}`, 'general');
    };
  }

  log(brokerId: string, level: LogLevel, text: string, category: LogCategory = 'general'): void {
    // What clients do, and information about ordinary events, are only for the broker's own logs.
    if (category !== 'general') {
      this.#keep(brokerId, level, text, category);
      return;
    }
    if (level !== 'info') this.#parts.log[level]({ brokerId }, text);
    this.#keep(brokerId, level, `${noProcess} ${text}`, category);
  }

  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void {
    this.#parts.refusals.loginFailed(brokerId, failure, count);
    // Brokers of ActiveMQ's type write these lines themselves.
    if (this.#parts.brokers.get(brokerId)?.engineType === 'ACTIVEMQ') return;
    const text = `${noProcess} ${failedLoginLine(failure, count)}`;
    this.#keep(brokerId, 'warn', text, 'general');
    this.#keep(brokerId, 'warn', text, 'connection');
  }

  /** Only for the audit trail: the broker's own logs have lines of RabbitMQ and ActiveMQ for it. */
  accessed(brokerId: string, access: ReportedAccess): void {
    this.recordAccess?.(brokerId, access);
  }

  /** @param text begins with a process of RabbitMQ, which lines of ActiveMQ do not have */
  #keep(brokerId: string, level: LogLevel, text: string, category: LogCategory): void {
    const { brokers, logs, clock } = this.#parts;
    const broker = brokers.get(brokerId);
    if (broker === undefined || !enabledLogs(broker).includes(category)) return;
    const line = lineOf(broker, level, text, clock.nowMs());
    logs.append({ brokerId, category, stream: streamNameOf(broker) }, level, line);
  }
}

/** Adds the time and the level, as RabbitMQ writes them. Lines of ActiveMQ contain them already. */
function lineOf(
  { engineType }: Pick<BrokerRecord, 'engineType'>,
  level: LogLevel,
  text: string,
  nowMs: number,
): string {
  if (engineType === 'ACTIVEMQ') return text.replace(`${noProcess} `, '');
  const date = new Date(nowMs).toISOString().replace('T', ' ').replace('Z', '000+00:00');
  return `${date} [${level === 'warn' ? 'warning' : level}] ${text}`;
}

function failedLoginLine(failure: FailedLogin | undefined, count: number): string {
  const times = count === 1 ? '1 log-in failed' : `${count} log-ins failed`;
  if (failure === undefined) return `${times} in other ways`;
  const { user, peerAddress, reason } = failure;
  const whose = user === undefined ? '' : ` of user '${user}'`;
  return `${times} from ${withoutPort(peerAddress)}${whose}: ${reason}`;
}
