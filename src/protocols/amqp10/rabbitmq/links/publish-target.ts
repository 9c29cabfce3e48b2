// Where the messages of a link go.

import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { CheckedAddress } from '../../../../broker/publishing/message-address.ts';
import type { Access } from '../../../../broker/users.ts';
import type { Vhost } from '../../../../broker/vhost.ts';
import { linkError, notFound, requireAccess } from '../refusals.ts';

/** An exchange and routing key. Routing keys must be checked with `Access.requireTopic`. */
export class PublishTarget extends CheckedAddress {
  /**
   * @throws {AmqpError} `unauthorized-access` with scope `session`, or with scope `link` for an internal
   *   exchange; `not-found` with scope `link`
   */
  protected find(vhost: Vhost, access: Access): Exchange {
    const { exchangeName: name } = this;
    requireAccess(access, 'write', 'exchange', name);
    const exchange = vhost.exchanges.get(name);
    if (exchange === undefined) throw notFound('exchange', name, vhost.name);
    if (exchange.options.internal) {
      const what = `internal exchange '${name}' in vhost '${vhost.name}'`;
      throw linkError('unauthorized-access', `forbidden to publish to ${what}`);
    }
    return exchange;
  }
}
