// The limits in a RabbitMQ configuration.

import { refuse } from '../../rules.ts';
import { flag, type KeyRule, within } from './key-rule.ts';
import type { Settings } from './oauth.ts';

/** The limits of a broker, with the names that the broker uses. What is left out has its default. */
export interface BrokerLimits {
  /** Milliseconds; null for no limit, because JSON has no infinite numbers. */
  readonly consumerTimeoutMs?: number | null;
  readonly heartbeatSeconds?: number;
  readonly connectionCountMax?: number;
  readonly channelCountMax?: number;
  readonly consumersPerChannelMax?: number;
  readonly queueCountSum?: number;
  readonly exchangeCountSum?: number;
  readonly shovelCountMax?: number;
  readonly vhostCountMax?: number;
  readonly bodyBytesMax?: number;
}

const int32 = 2_147_483_647;

function since4(rule: KeyRule): KeyRule {
  return { ...rule, sinceMajor: 4 };
}

/** The keys with limits, and their rules. Their maximum is that of the largest instance type. */
export const limitRules: Readonly<Record<string, KeyRule>> = {
  consumer_timeout: within(0, int32),
  heartbeat: within(60, 3600),
  connection_max: since4(within(1, 160_000)),
  channel_max_per_node: since4(within(1, 480_000)),
  cluster_queue_limit: since4(within(1, 120_000)),
  vhost_max: since4(within(1, 1500)),
  'runtime_parameters.limits.shovel': since4(within(0, 8000)),
  cluster_exchange_limit: since4(within(1, 600_000)),
  consumer_max_per_channel: since4(within(1, 1000)),
  max_message_size: since4(within(1, 134_217_728)),
  'quorum_queue.property_equivalence.relaxed_checks_on_redeclaration': flag,
};

const names = {
  heartbeat: 'heartbeatSeconds',
  connection_max: 'connectionCountMax',
  channel_max_per_node: 'channelCountMax',
  cluster_queue_limit: 'queueCountSum',
  vhost_max: 'vhostCountMax',
  cluster_exchange_limit: 'exchangeCountSum',
  'runtime_parameters.limits.shovel': 'shovelCountMax',
  consumer_max_per_channel: 'consumersPerChannelMax',
  max_message_size: 'bodyBytesMax',
} as const satisfies Record<string, keyof BrokerLimits>;

/**
 * Checks that a configuration does not raise limits above those of an instance type.
 *
 * @param text the text of a configuration that was accepted
 * @throws {ControlError} 'bad-request'
 */
export function checkMaximum(text: string, maximum: BrokerLimits, hostInstanceType: string): void {
  for (const [key, name] of Object.entries(names)) {
    const countMax = maximum[name] ?? Infinity;
    // A key can be there again, and a value between one or three quotation marks.
    const pattern = new RegExp(
      `^[^\\S\\n]*${key.replaceAll('.', '\\.')}\\s*=\\s*'*\\s*(\\d+)`,
      'gm',
    );
    const all = [...text.matchAll(pattern)].map(([, value]) => Number(value));
    const found = all.reduce((most, value) => Math.max(most, value), 0);
    if (found <= countMax) continue;
    throw refuse(
      'configuration',
      `The value [${found}] of key [${key}] is too large for host instance type [${hostInstanceType}]: ` +
        `at most ${countMax} is allowed.`,
    );
  }
}

/** Reads the limits. Their values were checked before. */
export function readLimits(settings: Settings): BrokerLimits {
  const found: [string, number | null][] = [];
  for (const [key, name] of Object.entries(names)) {
    const value = settings.get(key);
    if (value !== undefined) found.push([name, Number(value)]);
  }
  const timeout = settings.get('consumer_timeout');
  if (timeout !== undefined) found.push(['consumerTimeoutMs', Number(timeout) || null]);
  return Object.fromEntries(found);
}
