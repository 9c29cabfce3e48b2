import type { ExchangeType } from '../exchange-type.ts';
import { delayedType } from './delayed.ts';
import { directType } from './direct.ts';
import { fanoutType } from './fanout.ts';
import { headersType } from './headers.ts';
import { activemqTopicType, mqttTopicType, topicType } from './topic.ts';

/** Every type of exchange there is. */
export const exchangeTypes: readonly ExchangeType[] = [
  directType,
  fanoutType,
  topicType,
  headersType,
  activemqTopicType,
  mqttTopicType,
  delayedType,
];

/** The type of a name; undefined where there is none. */
export function exchangeType(name: string): ExchangeType | undefined {
  return exchangeTypes.find((type) => type.name === name);
}
