// The protocols that are off unless a RabbitMQ configuration opens their listeners.

import type { KeyRule } from './key-rule.ts';
import { mqttRefusals, mqttRules } from './mqtt.ts';
import { stompRefusals, stompRules } from './stomp.ts';

/** A protocol, and its keys. */
interface OptionalProtocol {
  readonly name: string;
  /** The beginning of all keys of the protocol. */
  readonly prefix: RegExp;
  readonly rules: readonly (readonly [pattern: RegExp, rule: KeyRule])[];
  /** Keys of RabbitMQ that are not supported, and why. */
  readonly refusals: readonly (readonly [pattern: RegExp, why: string])[];
  /** Whether the engine serves it on brokers of this type. Otherwise all of its keys are refused. */
  readonly isServed: boolean;
}

const protocols: readonly OptionalProtocol[] = [
  {
    name: 'MQTT',
    prefix: /^(?:web_)?mqtt\./,
    rules: mqttRules,
    refusals: mqttRefusals,
    isServed: true,
  },
  {
    name: 'STOMP',
    prefix: /^(?:web_)?stomp\./,
    rules: stompRules,
    refusals: stompRefusals,
    isServed: true,
  },
];

/** The keys of the protocols that are served: patterns of whole keys, and their rules. */
export const protocolRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] =
  protocols.flatMap(({ isServed, rules }) => (isServed ? rules : []));

/** Returns why a key of a protocol is not supported; undefined if that needs no explanation. */
export function whyUnsupported(key: string): string | undefined {
  const found = protocols.find(({ prefix }) => prefix.test(key));
  if (found === undefined) return undefined;
  if (!found.isServed) return `${found.name} is not offered on brokers of this type`;
  return found.refusals.find(([pattern]) => pattern.test(key))?.[1];
}
