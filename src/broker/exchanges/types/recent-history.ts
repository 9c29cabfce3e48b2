// The exchange type `x-recent-history`.

import type { Arguments } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import type { Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import { MessageHistory } from '../message-history.ts';
import type { RouteSearch } from '../route-search.ts';

const lengthArgument = 'x-recent-history-length';
const noStoreHeader = 'x-recent-history-no-store';

const lengthDefault = 20;
/** Maximum number of messages of an exchange, which a new binding gets in one turn. */
const lengthMax = 1000;

/** Routes to all bindings, and keeps the message. */
class RecentHistoryIndex implements BindingIndex {
  readonly history: MessageHistory;

  constructor(vhost: string, length: number) {
    this.history = new MessageHistory(vhost, length);
  }

  match(
    search: RouteSearch,
    bound: ReadonlyMap<Destination, unknown>,
  ): Generator<void> | undefined {
    const headers = search.headers();
    const isKept = !Object.hasOwn(headers, noStoreHeader) || headers[noStoreHeader]?.value !== true;
    if (isKept) this.history.add(search.copyOfMessage());
    return search.takeAll(bound.keys(), bound.size);
  }
}

const integerTypes: readonly string[] = [
  'byte',
  'unsignedbyte',
  'short',
  'unsignedshort',
  'signedint',
  'unsignedint',
  'long',
];

function lengthOf(args: Arguments): number {
  const found = args[lengthArgument];
  return found === undefined ? lengthDefault : Number(found.value);
}

/**
 * Routes messages to all bindings, and delivers the latest messages to each new binding, as RabbitMQ's
 * plugin rabbitmq_recent_history_exchange does. They are kept in memory, and are gone after a restart.
 */
export const recentHistoryType: ExchangeType = {
  name: 'x-recent-history',
  usesKey: false,
  isCacheable: false,
  comparedArguments: [lengthArgument],
  checkArguments(args: Arguments): void {
    const found = args[lengthArgument];
    if (found === undefined) return;
    const length = Number(found.value);
    const isInteger = integerTypes.includes(found.type) && Number.isInteger(length);
    if (isInteger && length >= 1 && length <= lengthMax) return;
    const allowed = `must be a positive integer of at most ${lengthMax}`;
    throw new BrokerError(
      'precondition-failed',
      `Invalid argument, '${lengthArgument}' ${allowed}, got: ${JSON.stringify(found.value)}`,
    );
  },
  routingType: (args) => ({
    ...recentHistoryType,
    newIndex: (vhost) => new RecentHistoryIndex(vhost, lengthOf(args)),
  }),
  newIndex: (vhost) => new RecentHistoryIndex(vhost, lengthDefault),
};
