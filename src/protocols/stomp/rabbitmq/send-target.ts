// Where the messages to a destination go.

import { encodeText } from '../../../base/byte-text.ts';
import { requireShortName } from '../../../broker/arguments.ts';
import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Access } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Routing } from './destinations.ts';

/** An exchange and routing key, with the last route for them. */
export class SendTarget implements RememberedRoute {
  readonly exchangeName: string;
  readonly routingKey: string;
  /** The queue that SEND declares; undefined if the destination has none. */
  readonly declares: string | undefined;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;
  readonly #keys: Buffer;
  #exchange: Exchange | undefined = undefined;
  /** The versions at which the exchange and the permission were last checked. */
  #version = -1;
  #accessVersion = -1;
  #checksTopics = false;

  /** @throws {BrokerError} `precondition-failed` if a name is longer than AMQP 0-9-1 allows */
  constructor({ exchange, routingKey }: Routing, declares: string | undefined) {
    this.exchangeName = exchange;
    this.routingKey = routingKey;
    this.declares = declares;
    requireShortName('exchange', exchange);
    requireShortName('routing key', routingKey);
    const [from, to] = [encodeText(exchange), encodeText(routingKey)];
    this.#keys = Buffer.concat([Buffer.of(from.length), from, Buffer.of(to.length), to]);
  }

  /** Whether the permissions of the user on routing keys of the exchange are restricted. */
  get checksTopics(): boolean {
    return this.#checksTopics;
  }

  /**
   * Returns the exchange. It is only looked up after a change of the virtual host or of users.
   *
   * @throws {BrokerError} `access-refused`, `not-found`
   */
  resolve(vhost: Vhost, access: Access): Exchange {
    const isKnown = this.#version === vhost.version && this.#accessVersion === access.version;
    if (isKnown && this.#exchange !== undefined) return this.#exchange;
    const { exchangeName: name } = this;
    access.require('write', 'exchange', name);
    const exchange = vhost.exchange(name);
    if (exchange.options.internal) {
      const what = `internal ${describe('exchange', name, vhost.name)}`;
      throw new BrokerError('access-refused', `cannot publish to ${what}`);
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
    publication.isAddressLong = false;
  }
}
