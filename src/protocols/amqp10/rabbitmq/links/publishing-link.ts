// Links on which the peer sends messages to an exchange or a queue.

import { BrokerError, describe } from '../../../../broker/errors.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { type Route, routeOf } from '../../../../broker/exchanges/route-cache.ts';
import { type RouteSearch, stepsAtATime } from '../../../../broker/exchanges/route-search.ts';
import { checkSenderKeys, noExtraKeys } from '../../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../../broker/format.ts';
import type { Publication } from '../../../../broker/publication.ts';
import type { Published } from '../../../../broker/publishing/publishing.ts';
import { entryOf, stringItem, symbolItem } from '../../codec/items.ts';
import { type Attach, type Composite, compositeCodes } from '../../codec/performatives.gen.ts';
import { AmqpError, toAmqpError } from '../../errors.ts';
import type { DynamicNode } from '../../links/link.ts';
import { errorOf, type IncomingDelivery, ReceivingLink } from '../../links/receiving-link.ts';
import type { MessageRules } from '../../messages/message-rules.ts';
import type { Session } from '../../session.ts';
import { parseTarget, type TargetAddress } from '../addresses.ts';
import { ccAnnotation } from '../message-rules.ts';
import { inSession, linkError } from '../refusals.ts';
import { PublishTarget } from './publish-target.ts';

/** Maximum number of addresses of messages that a link caches, and their length in characters. */
const targetCountMax = 256;
const cachedLengthMax = 1024;

/** Steps of a search for queues, or queues, that count as about a microsecond. */
const stepsPerUnit = 8;

const released: Composite = { code: compositeCodes.released };

/** The settings of a link that its attach determines. */
export interface PublishingTerms {
  /** Undefined if each message names its own address (anonymous terminus). */
  readonly address: TargetAddress | undefined;
  readonly dynamic: DynamicNode | undefined;
  readonly bytesMax: number;
  readonly rules: MessageRules;
}

/** A link on which the peer sends messages. */
export class PublishingLink extends ReceivingLink {
  readonly #address: TargetAddress | undefined;
  /** The target of all messages; undefined if each message determines it. */
  readonly #target: PublishTarget | undefined;
  /** Targets that messages have named. */
  readonly #named = new Map<string, PublishTarget>();
  /** Number of messages received. */
  receivedCount = 0;

  constructor(session: Session, attach: Attach, terms: PublishingTerms) {
    super(session, attach, terms);
    const { address } = terms;
    this.#address = address;
    this.#target =
      address?.routingKey === undefined
        ? undefined
        : new PublishTarget(address.exchange, address.routingKey);
  }

  protected override received(delivery: IncomingDelivery): void {
    const { host } = this.session;
    const { publication } = this.message;
    try {
      this.message.complete(
        delivery.messageFormat,
        host.broker.nowMs(),
        this.#target === undefined,
      );
    } catch (thrown) {
      this.fail(ofMessage(thrown));
      return;
    }
    this.receivedCount++;
    publication.format = formatNumbers.amqp10;
    publication.extraRoutingKeys = noExtraKeys;
    host.startedPublishing();
    try {
      this.#publishTo(delivery, this.#targetOf());
    } catch (thrown) {
      this.#refused(delivery, thrown);
    }
  }

  #targetOf(): PublishTarget {
    if (this.#target !== undefined) return this.#target;
    if (this.#address !== undefined) {
      return this.#known(this.#address.exchange, this.message.subject ?? '');
    }
    const { to } = this.message;
    if (to === undefined) {
      throw unroutable("anonymous terminus requires 'to' address to be set");
    }
    const known = this.#named.get(to);
    if (known !== undefined) return known;
    const address = parseTarget(to);
    if (address?.routingKey === undefined) {
      throw unroutable(`bad 'to' address string: ${to.slice(0, 200)}`);
    }
    return this.#keep(to, new PublishTarget(address.exchange, address.routingKey));
  }

  /** The target for a subject, which is the routing key in version 1 of addresses. */
  #known(exchange: string, routingKey: string): PublishTarget {
    return (
      this.#named.get(routingKey) ?? this.#keep(routingKey, new PublishTarget(exchange, routingKey))
    );
  }

  #keep(name: string, target: PublishTarget): PublishTarget {
    if (name.length > cachedLengthMax) return target;
    if (this.#named.size >= targetCountMax) this.#named.clear();
    this.#named.set(name, target);
    return target;
  }

  #publishTo(delivery: IncomingDelivery, target: PublishTarget): void {
    const { host } = this.session;
    const { vhost, access } = host;
    const { publication } = this.message;
    const queue = this.#address?.queue;
    if (queue !== undefined && !vhost.queues.has(queue)) {
      throw linkError('resource-deleted', `${describe('queue', queue, vhost.name)} was deleted`);
    }
    const exchange = target.resolve(vhost, access);
    target.addressTo(publication, exchange);
    if (this.message.marked !== undefined) this.#readMoreKeys();
    this.#requireOwnUser();
    if (target.checksTopics) this.#requireTopics(exchange, target.routingKey);
    this.#route(delivery, exchange, publication);
  }

  /** Reads the annotation with further routing keys. */
  #readMoreKeys(): void {
    const found = entryOf(this.message.marked?.annotations, ccAnnotation);
    if (found === undefined) return;
    const keys = found.type === 'list' ? found.value : [];
    const cc = keys.flatMap((key) => (key.type === 'string' ? key.value : []));
    if (found.type !== 'list' || cc.length !== keys.length) {
      const why = `bad value for '${ccAnnotation}' message-annotation: a list of strings is allowed`;
      const error = new AmqpError('invalid-field', why, { scope: 'link' });
      throw this.#address === undefined ? new UnroutableError(error) : error;
    }
    checkSenderKeys({ cc, bcc: [] }, this.session.host.broker.limits.senderKeyCountMax);
    this.message.publication.extraRoutingKeys = cc;
  }

  #requireOwnUser(): void {
    const { userId } = this.message;
    const { access } = this.session.host;
    if (userId === undefined || userId === access.user || access.hasTag('impersonator')) return;
    throw linkError(
      'unauthorized-access',
      `user_id property set to '${userId}' but authenticated user was '${access.user}'`,
    );
  }

  #requireTopics({ name }: Exchange, routingKey: string): void {
    const { access } = this.session.host;
    const { extraRoutingKeys } = this.message.publication;
    inSession(() => {
      access.requireTopic('write', name, routingKey);
      for (const key of extraRoutingKeys) access.requireTopic('write', name, key);
    });
  }

  #route(delivery: IncomingDelivery, exchange: Exchange, publication: Publication): void {
    const { broker, vhost, gate } = this.session.host;
    const { routing } = broker;
    const route = routing.route(vhost, exchange, publication);
    if (route === undefined) {
      const kept = publication.copy();
      gate.finishFirst(this.#searchOn(delivery, kept, routing.takePaused(kept)));
      return;
    }
    gate.count((routing.stepCount + route.queues.length) / stepsPerUnit);
    this.#publish(delivery, publication, route);
  }

  /** Searches the queues of a message in later turns. */
  *#searchOn(
    delivery: IncomingDelivery,
    publication: Publication,
    search: RouteSearch,
  ): Generator<void> {
    try {
      while (!search.run(stepsAtATime)) yield;
      this.#publish(delivery, publication, routeOf(search));
    } catch (thrown) {
      this.session.host.guarded(() => this.#refused(delivery, thrown))();
    }
  }

  #publish(delivery: IncomingDelivery, publication: Publication, route: Route): void {
    const { broker, vhost, gate } = this.session.host;
    const published = broker.publish(vhost, publication, route);
    if (published.rest === undefined) this.#settle(delivery, published, route);
    else {
      const done = this.session.host.guarded(() => this.#settle(delivery, published, route));
      gate.finishFirst(published.rest, done);
    }
  }

  #settle(
    { deliveryId, isSettled }: IncomingDelivery,
    { routed, isRefused, group }: Pick<Published, 'routed' | 'isRefused' | 'group'>,
    { queues }: Route,
  ): void {
    if (isSettled) return;
    const { confirms } = this.session;
    if (routed === 0) confirms.settle(deliveryId, released);
    else if (isRefused) {
      const full = queues.find((queue) => queue.isFull(0)) ?? queues[0];
      confirms.settle(deliveryId, tooLong(full?.name ?? ''));
    } else confirms.accept(deliveryId, group);
  }

  /** A message cannot be published. */
  #refused({ deliveryId, isSettled }: IncomingDelivery, thrown: unknown): void {
    const { confirms } = this.session;
    if (thrown instanceof BrokerError) {
      if (!isSettled) confirms.settle(deliveryId, rejection(toAmqpError(thrown, 'link')));
      return;
    }
    if (!(thrown instanceof AmqpError) || thrown.scope !== 'link') throw thrown;
    const isAnonymous = this.#address === undefined && thrown.code === 'not-found';
    // An anonymous terminus rejects the message and stays attached.
    const isKept = isAnonymous || thrown instanceof UnroutableError;
    if (!isSettled) confirms.settle(deliveryId, isKept ? rejection(thrown) : released);
    if (isSettled || !isKept) this.fail(thrown);
  }
}

/** A message to an anonymous terminus has an address that cannot be used. */
class UnroutableError extends AmqpError {
  constructor({ code, message }: AmqpError) {
    super(code, message, { scope: 'link' });
  }
}

function unroutable(why: string): UnroutableError {
  return new UnroutableError(linkError('precondition-failed', why));
}

function rejection(error: AmqpError): Composite {
  return { code: compositeCodes.rejected, error: errorOf(error) };
}

/** The outcome of a message for a queue that is full. */
function tooLong(queue: string): Composite {
  const description = `queue '${queue}' exceeded maximum length`;
  const error = new AmqpError('resource-limit-exceeded', description, {
    scope: 'link',
    info: [
      [symbolItem('queue'), stringItem(queue)],
      [symbolItem('reason'), symbolItem('maxlen')],
    ],
  });
  return { code: compositeCodes.rejected, error: errorOf(error) };
}

/** An error of a message's encoding ends its link, not the connection. */
function ofMessage(thrown: unknown): unknown {
  if (!(thrown instanceof AmqpError) || thrown.code !== 'decode-error') return thrown;
  return linkError('decode-error', `failed to parse message: ${thrown.message}`);
}
