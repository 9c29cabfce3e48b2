// The services CloudWatch and CloudWatch Logs.

import { cloudWatchService } from '../../api/cloudwatch/service.ts';
import type { LoggedBroker } from '../../api/logs/parts.ts';
import { logsService } from '../../api/logs/service.ts';
import type { ServiceRegistry } from '../../aws/pipeline/registry.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import type { Brokers } from '../../control/brokers.ts';
import type { BrokerLogs } from '../../logs/broker-logs.ts';
import { MetricStore } from '../../metrics/metric-store.ts';
import { MetricQueries } from '../../metrics/queries.ts';
import type { SystemState } from '../compose.ts';
import { enabledLogs } from '../logs/stream-names.ts';
import { MetricSampling } from './metric-sampling.ts';

/** What the services read. */
export interface CloudWatchParts {
  readonly state: Pick<SystemState, 'brokers' | 'logGroups'>;
  readonly logs: BrokerLogs;
  /** What brokers report. */
  readonly metrics: () => Promise<readonly MetricsJson[]>;
  readonly log: ServiceLog;
}

/** Adds the services. Returns the sampling of the metrics, which the caller drives. */
export function addCloudWatch(
  services: ServiceRegistry,
  { state: { brokers, logGroups }, logs, metrics, log }: CloudWatchParts,
): MetricSampling {
  const store = new MetricStore(logs);
  services.add(cloudWatchService(new MetricQueries(store)));
  const listed = loggedBrokers(brokers);
  services.add(logsService({ logs, groups: logGroups, clock: systemClock, brokers: listed }));
  return new MetricSampling({
    store,
    metrics,
    brokers: () => brokers.all(),
    failed: (error) => log.error({ err: error }, 'the metrics of a minute could not be stored'),
  });
}

/** Returns a function that lists the brokers with enabled logs. */
export function loggedBrokers(brokers: Brokers): () => Iterable<LoggedBroker> {
  return () =>
    [...brokers.all()].map((broker) => ({
      id: broker.id,
      createdMs: broker.createdMs,
      categories: enabledLogs(broker),
    }));
}
