// Where the messages of a link go.

import { encodeText } from '../../../../base/byte-text.ts';
import { shortStringBytesMax } from '../../../../base/bytes.ts';
import { requireAddressBytes } from '../../../../broker/arguments.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../../broker/publication.ts';
import type { Access } from '../../../../broker/users.ts';
import type { Vhost } from '../../../../broker/vhost.ts';
import { linkError, notFound, requireAccess } from '../refusals.ts';

/** An exchange and routing key, with the last route for them. */
export class PublishTarget implements RememberedRoute {
  readonly exchangeName: string;
  readonly routingKey: string;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;
  readonly #keys: Buffer;
  readonly #isLong: boolean;
  #exchange: Exchange | undefined = undefined;
  /** The versions at which the exchange and the permission were last checked. */
  #version = -1;
  #accessVersion = -1;
  /** Whether the permissions of the user on routing keys of the exchange are restricted. */
  #checksTopics = false;

  /** @throws {BrokerError} `precondition-failed` if the routing key is too long */
  constructor(exchangeName: string, routingKey: string) {
    this.exchangeName = exchangeName;
    this.routingKey = routingKey;
    const [from, to] = [encodeText(exchangeName), encodeText(routingKey)];
    requireAddressBytes('exchange', from.length);
    requireAddressBytes('routing key', to.length);
    this.#isLong = Math.max(from.length, to.length) > shortStringBytesMax;
    this.#keys = Buffer.concat([this.#size(from), from, this.#size(to), to]);
  }

  #size({ length }: Buffer): Buffer {
    return this.#isLong ? Buffer.of(length >>> 8, length) : Buffer.of(length);
  }

  /** Whether routing keys must be checked with `Access.requireTopic`. */
  get checksTopics(): boolean {
    return this.#checksTopics;
  }

  /**
   * Returns the exchange. It is only looked up after a change of the virtual host or of users.
   *
   * @throws {AmqpError} `unauthorized-access` with scope `session`, or with scope `link` for an internal
   *   exchange; `not-found` with scope `link`
   */
  resolve(vhost: Vhost, access: Access): Exchange {
    const isKnown = this.#version === vhost.version && this.#accessVersion === access.version;
    if (isKnown && this.#exchange !== undefined) return this.#exchange;
    const { exchangeName: name } = this;
    requireAccess(access, 'write', 'exchange', name);
    const exchange = vhost.exchanges.get(name);
    if (exchange === undefined) throw notFound('exchange', name, vhost.name);
    if (exchange.options.internal) {
      const what = `internal exchange '${name}' in vhost '${vhost.name}'`;
      throw linkError('unauthorized-access', `forbidden to publish to ${what}`);
    }
    this.#exchange = exchange;
    this.#version = vhost.version;
    this.#accessVersion = access.version;
    this.#checksTopics = exchange.type.name === 'topic' && access.checksTopics(name);
    return exchange;
  }

  /** Sets this as the address of a message. */
  addressTo(publication: Publication, exchange: Exchange): void {
    publication.exchange = exchange;
    publication.routingKey = this.routingKey;
    publication.remembered = this;
    publication.address = this.#keys;
    publication.addressStart = 0;
    publication.addressEnd = this.#keys.length;
    publication.isAddressLong = this.#isLong;
  }
}
