import type { ExchangeType } from '../exchange-type.ts';
import { directType } from './direct.ts';
import { fanoutType } from './fanout.ts';
import { headersType } from './headers.ts';
import { topicType } from './topic.ts';

/** Every type of exchange there is. */
export const exchangeTypes: readonly ExchangeType[] = [
  directType,
  fanoutType,
  topicType,
  headersType,
];

/** The type of a name; undefined where there is none. */
export function exchangeType(name: string): ExchangeType | undefined {
  return exchangeTypes.find((type) => type.name === name);
}
