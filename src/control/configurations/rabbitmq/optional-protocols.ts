// The protocols that are off unless a RabbitMQ configuration opens their listeners.

import type { KeyRule } from './key-rule.ts';
import { mqttRefusals, mqttRules } from './mqtt.ts';
import { stompRefusals, stompRules } from './stomp.ts';

/** The keys of the protocols: patterns of whole keys, and their rules. */
export const protocolRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  ...mqttRules,
  ...stompRules,
];

/** Keys of RabbitMQ that are not supported, and why. */
const refusals: readonly (readonly [pattern: RegExp, why: string])[] = [
  ...mqttRefusals,
  ...stompRefusals,
];

/** Returns why a key of a protocol is not supported; undefined if that needs no explanation. */
export function whyUnsupported(key: string): string | undefined {
  return refusals.find(([pattern]) => pattern.test(key))?.[1];
}
