// The exchange type `x-delayed-message`.

import type { Arguments } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import type { ExchangeType } from '../exchange-type.ts';
import { directType } from './direct.ts';
import { fanoutType } from './fanout.ts';
import { headersType } from './headers.ts';
import { topicType } from './topic.ts';

const argumentName = 'x-delayed-type';
const routingTypes: readonly ExchangeType[] = [directType, fanoutType, topicType, headersType];

function named(args: Arguments): ExchangeType | undefined {
  const found = args[argumentName];
  if (found?.type !== 'longstr') return undefined;
  return routingTypes.find(({ name }) => name === found.value);
}

/**
 * Delays messages by their header `x-delay`, and then routes them like the type in the argument
 * `x-delayed-type`, as RabbitMQ's plugin rabbitmq_delayed_message_exchange does.
 */
export const delayedType: ExchangeType = {
  name: 'x-delayed-message',
  usesKey: true,
  isCacheable: false,
  isDelayed: true,
  comparedArguments: [argumentName],
  checkArguments(args: Arguments): void {
    if (named(args) !== undefined) return;
    const why = `Invalid argument, '${argumentName}' must be an existing exchange type`;
    throw new BrokerError('precondition-failed', why);
  },
  // The argument of a recovered exchange was checked when it was declared.
  routingType: (args) => named(args) ?? directType,
  newIndex: (vhost) => directType.newIndex(vhost),
};
