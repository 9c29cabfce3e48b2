import { encodeText } from '../../base/byte-text.ts';
import type { Address } from '../conversion/properties.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../exchanges/router.ts';
import type { Publication } from '../publication.ts';

/** A destination that messages are sent to, with what is known of it from the message before. */
export class SendTarget implements RememberedRoute {
  readonly address: Address;
  readonly exchange: Exchange;
  readonly routingKey: string;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;
  /** Of the virtual host, when rights and existence were looked at last; -1 before. */
  version = -1;
  readonly #keys: Buffer;

  constructor(address: Address, exchange: Exchange, routingKey: string) {
    this.address = address;
    this.exchange = exchange;
    this.routingKey = routingKey;
    // Names are short: one byte of length each.
    const [from, to] = [encodeText(exchange.name), encodeText(routingKey)];
    this.#keys = Buffer.concat([Buffer.of(from.length), from, Buffer.of(to.length), to]);
  }

  /** Has a message go there. */
  addressTo(publication: Publication): void {
    publication.exchange = this.exchange;
    publication.routingKey = this.routingKey;
    publication.remembered = this;
    publication.address = this.#keys;
    publication.addressStart = 0;
    publication.addressEnd = this.#keys.length;
    publication.isAddressLong = false;
  }
}
