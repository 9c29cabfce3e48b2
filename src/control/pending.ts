// Pending settings of brokers.

import { isDeepStrictEqual } from 'node:util';
import type { BrokerRecord, BrokerUpdate, PendingSettings } from './broker-record.ts';

/** Maximum number of previous configurations in a broker record; the oldest ones are dropped. */
export const configurationHistoryMax = 100;

/** Returns the update that applies the pending settings of a broker. */
export function appliedPending(broker: BrokerRecord): BrokerUpdate {
  const { configuration, ...settings } = broker.pending;
  if (configuration === undefined) return settings;
  const { configuration: before, configurationHistory: history } = broker;
  const all = before === null ? history : [...history, before];
  return {
    ...settings,
    configuration,
    configurationHistory: all.slice(-configurationHistoryMax),
  };
}

/**
 * Returns the settings that are still pending after a start, because an update may have arrived
 * meanwhile.
 *
 * @param applied the settings that were pending when the start began, and are now applied
 */
export function stillPending(now: PendingSettings, applied: PendingSettings): PendingSettings {
  return Object.fromEntries(
    Object.entries(now).filter(
      ([name, value]) => !isDeepStrictEqual(applied[name as keyof PendingSettings], value),
    ),
  );
}
