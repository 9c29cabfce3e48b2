// The age of the copy that a replica has, as the service states it for Prometheus.

import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../../base/clock.ts';
import type { ServiceProcess } from './service-process.ts';
import { waitFor } from './wait.ts';

/**
 * Waits until the replica of a broker has everything that the broker confirmed before this call. Returns whether that
 * happened in time.
 */
export async function isCopied(
  service: ServiceProcess,
  BrokerId: string,
  timeoutMs: number,
): Promise<boolean> {
  const startMs = systemClock.monotonicMs();
  const { BrokerName = '' } = await service.aws.mq.describeBroker({ BrokerId });
  const found = await waitFor(async () => {
    const askedMs = systemClock.monotonicMs();
    const lagSeconds = await lagOf(service, BrokerName);
    return askedMs - lagSeconds * 1000 > startMs; // never so without a copy
  }, timeoutMs);
  return found === true;
}

/** Seconds; NaN while the replica has no copy. */
async function lagOf(service: ServiceProcess, brokerName: string): Promise<number> {
  const { WAXWING_METRICS_URL: url = '', WAXWING_METRICS_TOKEN: token } = service.environment;
  const options = {
    ca: await service.authorities(),
    headers: { Authorization: `Bearer ${token}` },
  };
  const all = await new Promise<string>((resolve, reject) => {
    get(url, options, (response) => resolve(text(response))).on('error', reject);
  });
  const start = `waxwing_replication_lag_seconds{broker="${brokerName}"} `;
  const line = all.split('\n').find((each) => each.startsWith(start));
  return line === undefined ? Number.NaN : Number(line.slice(start.length));
}
