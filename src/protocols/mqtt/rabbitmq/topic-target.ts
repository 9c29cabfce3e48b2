// Topics that messages are published to: routing keys of one exchange.

import { encodeText } from '../../../base/byte-text.ts';
import { shortStringBytesMax } from '../../../base/bytes.ts';
import { requireAddressBytes } from '../../../broker/arguments.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Access } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { TopicTarget } from '../dialect.ts';
import { MqttError } from '../errors.ts';

/** Steps of a search for queues, or queues, that count as about a microsecond. */
const stepsPerUnit = 8;

/** Where the messages of a virtual host go. */
export interface TargetPlace {
  readonly broker: Broker;
  readonly vhost: Vhost;
  /** The name of the exchange. */
  readonly exchange: string;
}

/** A topic, with the last route of its messages. */
export class RabbitMqTarget implements TopicTarget {
  readonly address: Address;
  routeUnits = 0;
  readonly #place: TargetPlace;
  readonly #remembered: RememberedRoute = { target: undefined, route: undefined };
  readonly #keys: Buffer;
  readonly #isLong: boolean;
  #exchange: Exchange | undefined = undefined;
  /** The versions at which the exchange and the permissions were last checked, and for whom. */
  #version = -1;
  #accessVersion = -1;
  #access: Access | undefined = undefined;

  /** @throws {BrokerError} `precondition-failed` if the routing key is too long */
  constructor(place: TargetPlace, routingKey: string) {
    this.#place = place;
    this.address = { kind: 'topic', name: routingKey };
    const [from, to] = [encodeText(place.exchange), encodeText(routingKey)];
    requireAddressBytes('routing key', to.length);
    this.#isLong = to.length > shortStringBytesMax;
    this.#keys = Buffer.concat([this.#size(from), from, this.#size(to), to]);
  }

  #size({ length }: Buffer): Buffer {
    return this.#isLong ? Buffer.of(length >>> 8, length) : Buffer.of(length);
  }

  route(publication: Publication, access: Access): Route {
    const { broker, vhost } = this.#place;
    const exchange = this.#resolve(access);
    publication.exchange = exchange;
    publication.routingKey = this.address.name;
    publication.remembered = this.#remembered;
    publication.address = this.#keys;
    publication.addressStart = 0;
    publication.addressEnd = this.#keys.length;
    publication.isAddressLong = this.#isLong;
    const { routing } = broker;
    const route = routing.routeAtOnce(vhost, exchange, publication);
    this.routeUnits = (routing.stepCount + route.queues.length) / stepsPerUnit;
    return route;
  }

  /** The exchange and the permissions are only looked up after a change of the virtual host or of users. */
  #resolve(access: Access): Exchange {
    const { vhost, exchange: name } = this.#place;
    const isKnown = this.#version === vhost.version && this.#accessVersion === access.version;
    if (isKnown && this.#exchange !== undefined && this.#access === access) return this.#exchange;
    access.require('write', 'exchange', name);
    access.requireTopic('write', name, this.address.name);
    const exchange = vhost.exchanges.get(name);
    // No answer could tell clients before MQTT 5 that the message is lost.
    if (exchange === undefined) {
      const why = `no ${describe('exchange', name, vhost.name)}`;
      throw new MqttError('closing', 'implementationSpecific', why);
    }
    if (exchange.options.internal) {
      const what = `internal ${describe('exchange', name, vhost.name)}`;
      throw new BrokerError('access-refused', `cannot publish to ${what}`);
    }
    this.#exchange = exchange;
    this.#version = vhost.version;
    this.#accessVersion = access.version;
    this.#access = access;
    return exchange;
  }

  /** No limit makes single senders wait. */
  stored(): undefined {
    return undefined;
  }
}
