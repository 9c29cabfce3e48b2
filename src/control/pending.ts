import { isDeepStrictEqual } from 'node:util';
import type { BrokerRecord, BrokerUpdate, PendingSettings } from './broker-record.ts';

/** Configurations that a broker used before and that its record remembers, the newest. */
export const configurationHistoryMax = 100;

/** What the pending settings of a broker make of it when they take effect. */
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
 * What is still to take effect after a start: an update may have come while the broker started.
 *
 * @param applied what was pending when the start began, and has taken effect
 */
export function stillPending(now: PendingSettings, applied: PendingSettings): PendingSettings {
  return Object.fromEntries(
    Object.entries(now).filter(
      ([name, value]) => !isDeepStrictEqual(applied[name as keyof PendingSettings], value),
    ),
  );
}
