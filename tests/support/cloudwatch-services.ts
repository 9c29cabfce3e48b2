// The services of CloudWatch in a control plane without a volume for logs: there are no lines.

import { cloudWatchService } from '../../src/api/cloudwatch/service.ts';
import { logsService } from '../../src/api/logs/service.ts';
import type { Service } from '../../src/aws/service.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Brokers } from '../../src/control/brokers.ts';
import { BrokerLogs } from '../../src/logs/broker-logs.ts';
import { LogGroups } from '../../src/logs/log-groups.ts';
import { MetricStore } from '../../src/metrics/metric-store.ts';
import { MetricQueries } from '../../src/metrics/queries.ts';
import { loggedBrokers } from '../../src/server/cloudwatch/services.ts';

/** The services, and the journal of the settings of log groups. */
export class CloudWatchServices {
  readonly logGroups = new LogGroups();
  readonly #logs = new BrokerLogs({
    clock: systemClock,
    keptFromMs: () => 0,
    failed: () => {},
  });

  of(brokers: Brokers): readonly Service[] {
    const groups = this.logGroups;
    const listed = loggedBrokers(brokers);
    return [
      cloudWatchService(new MetricQueries(new MetricStore(this.#logs))),
      logsService({ logs: this.#logs, groups, clock: systemClock, brokers: listed }),
    ];
  }
}
