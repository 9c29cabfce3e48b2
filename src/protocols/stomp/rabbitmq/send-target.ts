// Where the messages to a destination go.

import { requireShortName } from '../../../broker/arguments.ts';
import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import { CheckedAddress } from '../../../broker/publishing/message-address.ts';
import type { Access } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Routing } from './destinations.ts';

/** An exchange and routing key, and the queue of the destination. */
export class SendTarget extends CheckedAddress {
  /** The queue that SEND declares; undefined if the destination has none. */
  readonly declares: string | undefined;

  /** @throws {BrokerError} `precondition-failed` if a name is longer than AMQP 0-9-1 allows */
  constructor({ exchange, routingKey }: Routing, declares: string | undefined) {
    requireShortName('exchange', exchange);
    requireShortName('routing key', routingKey);
    super(exchange, routingKey);
    this.declares = declares;
  }

  /** @throws {BrokerError} `access-refused`, `not-found` */
  protected find(vhost: Vhost, access: Access): Exchange {
    const { exchangeName: name } = this;
    access.require('write', 'exchange', name);
    const exchange = vhost.exchange(name);
    if (exchange.options.internal) {
      const what = `internal ${describe('exchange', name, vhost.name)}`;
      throw new BrokerError('access-refused', `cannot publish to ${what}`);
    }
    return exchange;
  }
}
