// The registry of exchange types.

import type { ExchangeType } from '../exchange-type.ts';
import { consistentHashType } from './consistent-hash.ts';
import { delayedType } from './delayed.ts';
import { directType } from './direct.ts';
import { fanoutType } from './fanout.ts';
import { federationUpstreamType } from './federation-upstream.ts';
import { headersType } from './headers.ts';
import { modulusHashType } from './modulus-hash.ts';
import { localRandomType, randomType } from './random.ts';
import { recentHistoryType } from './recent-history.ts';
import { activemqTopicType, mqttTopicType, topicType } from './topic.ts';

/** All exchange types. */
export const exchangeTypes: readonly ExchangeType[] = [
  directType,
  fanoutType,
  topicType,
  headersType,
  activemqTopicType,
  mqttTopicType,
  delayedType,
  consistentHashType,
  modulusHashType,
  randomType,
  localRandomType,
  recentHistoryType,
  federationUpstreamType,
];

/** The type with a name; undefined if it does not exist. */
export function exchangeType(name: string): ExchangeType | undefined {
  return exchangeTypes.find((type) => type.name === name);
}
