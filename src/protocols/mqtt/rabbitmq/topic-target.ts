// Topics that messages are published to: routing keys of one exchange.

import type { Broker } from '../../../broker/broker.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import { CheckedAddress } from '../../../broker/publishing/message-address.ts';
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

/** A topic. */
export class RabbitMqTarget implements TopicTarget {
  readonly address: Address;
  routeUnits = 0;
  readonly #place: TargetPlace;
  readonly #target: TopicAddress;

  /** @throws {BrokerError} `precondition-failed` if the routing key is too long */
  constructor(place: TargetPlace, routingKey: string) {
    this.#place = place;
    this.address = { kind: 'topic', name: routingKey };
    this.#target = new TopicAddress(place.exchange, routingKey);
  }

  route(publication: Publication, access: Access): Route {
    const { broker, vhost } = this.#place;
    const exchange = this.#target.resolve(vhost, access);
    this.#target.addressTo(publication, exchange);
    const { routing } = broker;
    const route = routing.routeAtOnce(vhost, exchange, publication);
    this.routeUnits = (routing.stepCount + route.queues.length) / stepsPerUnit;
    return route;
  }

  /** No limit makes single senders wait. */
  stored(): undefined {
    return undefined;
  }
}

class TopicAddress extends CheckedAddress {
  protected find(vhost: Vhost, access: Access): Exchange {
    const { exchangeName: name } = this;
    access.require('write', 'exchange', name);
    access.requireTopic('write', name, this.routingKey);
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
    return exchange;
  }
}
