// The address of messages whose sender publishes several to one exchange and routing key.

import { encodeText } from '../../base/byte-text.ts';
import { shortStringBytesMax } from '../../base/bytes.ts';
import { requireAddressBytes } from '../arguments.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../exchanges/route-cache.ts';
import type { Publication } from '../publication.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';

/** An exchange and routing key, encoded, with the last route for them. */
export class MessageAddress implements RememberedRoute {
  readonly routingKey: string;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;
  readonly #keys: Buffer;
  readonly #isLong: boolean;

  /**
   * @param what what the routing key is, for the error
   * @throws {BrokerError} `precondition-failed` if a name is too long
   */
  constructor(exchangeName: string, routingKey: string, what = 'routing key') {
    this.routingKey = routingKey;
    const [from, to] = [encodeText(exchangeName), encodeText(routingKey)];
    requireAddressBytes('exchange', from.length);
    requireAddressBytes(what, to.length);
    this.#isLong = Math.max(from.length, to.length) > shortStringBytesMax;
    this.#keys = Buffer.concat([this.#size(from), from, this.#size(to), to]);
  }

  #size({ length }: Buffer): Buffer {
    return this.#isLong ? Buffer.of(length >>> 8, length) : Buffer.of(length);
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

/** An address whose exchange and permissions are checked again after changes only. */
export abstract class CheckedAddress extends MessageAddress {
  readonly exchangeName: string;
  #exchange: Exchange | undefined = undefined;
  /** The versions at which the exchange and the permissions were last checked, and for whom. */
  #version = -1;
  #accessVersion = -1;
  #access: Access | undefined = undefined;
  #checksTopics = false;

  constructor(exchangeName: string, routingKey: string) {
    super(exchangeName, routingKey);
    this.exchangeName = exchangeName;
  }

  /** Finds the exchange, and checks the permissions. */
  protected abstract find(vhost: Vhost, access: Access): Exchange;

  /** Whether the permissions of the user on routing keys of the exchange are restricted. */
  get checksTopics(): boolean {
    return this.#checksTopics;
  }

  /**
   * Returns the exchange. It is only looked up after a change of the virtual host or of users.
   *
   * @throws what {@link find} throws
   */
  resolve(vhost: Vhost, access: Access): Exchange {
    const isKnown = this.#version === vhost.version && this.#accessVersion === access.version;
    if (isKnown && this.#exchange !== undefined && this.#access === access) return this.#exchange;
    const exchange = this.find(vhost, access);
    this.#exchange = exchange;
    this.#version = vhost.version;
    this.#accessVersion = access.version;
    this.#access = access;
    this.#checksTopics = exchange.type.name === 'topic' && access.checksTopics(this.exchangeName);
    return exchange;
  }
}
