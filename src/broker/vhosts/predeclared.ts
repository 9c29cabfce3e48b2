// The predeclared exchanges.

import { noArguments } from '../arguments.ts';
import { Exchange } from '../exchanges/exchange.ts';
import type { ExchangeType } from '../exchanges/exchange-type.ts';
import { directType } from '../exchanges/types/direct.ts';
import { fanoutType } from '../exchanges/types/fanout.ts';
import { headersType } from '../exchanges/types/headers.ts';
import { topicType } from '../exchanges/types/topic.ts';

// The exchanges of AMQP 0-9-1, and those that RabbitMQ adds.
const predeclared: readonly (readonly [string, ExchangeType, boolean])[] = [
  ['', directType, false],
  ['amq.direct', directType, false],
  ['amq.fanout', fanoutType, false],
  ['amq.topic', topicType, false],
  ['amq.headers', headersType, false],
  ['amq.match', headersType, false],
  ['amq.rabbitmq.trace', topicType, true],
];

/** The exchanges that every virtual host has. */
export function predeclaredExchanges(vhost: string): Exchange[] {
  return predeclared.map(([name, type, internal]) => {
    const options = { durable: true, autoDelete: false, internal, arguments: noArguments };
    return new Exchange(vhost, name, type, options);
  });
}

/** Whether a name is that of a predeclared exchange, or reserved for them. */
export function isPredeclared(name: string): boolean {
  return name === '' || name.startsWith('amq.');
}
