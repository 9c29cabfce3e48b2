// Links on which the peer sends messages to an exchange or a queue.

import { BrokerError, describe } from '../../../../broker/errors.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { type Route, routeOf } from '../../../../broker/exchanges/route-cache.ts';
import { type RouteSearch, stepsAtATime } from '../../../../broker/exchanges/route-search.ts';
import { checkSenderKeys, noExtraKeys } from '../../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../../broker/format.ts';
import { Undecided } from '../../../../broker/logins/undecided.ts';
import type { Publication } from '../../../../broker/publication.ts';
import type { Published } from '../../../../broker/publishing/publishing.ts';
import { entryOf, stringItem, symbolItem, textOf } from '../../codec/items.ts';
import { type Attach, type Composite, compositeCodes } from '../../codec/performatives.gen.ts';
import { AmqpError, toAmqpError } from '../../errors.ts';
import { type DynamicNode, settledMode } from '../../links/link.ts';
import { errorOf, type IncomingDelivery, ReceivingLink } from '../../links/receiving-link.ts';
import type { IncomingMessage } from '../../messages/incoming-message.ts';
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

/** The settle mode of a sender that sends settled and other messages (2.8.2). */
const mixedMode = 2;

const released: Composite = { code: compositeCodes.released };

/** The settings of a link that its attach determines. */
export interface PublishingTerms {
  /** Undefined if each message names its own address (anonymous terminus). */
  readonly address: TargetAddress | undefined;
  readonly dynamic: DynamicNode | undefined;
  readonly bytesMax: number;
  readonly rules: MessageRules;
}

/** A complete message, and what it says about its address and sender. */
type ReceivedMessage = Pick<
  IncomingMessage,
  'publication' | 'to' | 'subject' | 'userId' | 'marked'
>;

/** A link on which the peer sends messages. */
export class PublishingLink extends ReceivingLink {
  readonly #address: TargetAddress | undefined;
  /** The target of all messages; undefined if each message determines it. */
  readonly #target: PublishTarget | undefined;
  /** Targets that messages have named. */
  readonly #named = new Map<string, PublishTarget>();
  /** The address of the target as its attach stated it; undefined if each message has its own. */
  readonly shownAddress: string | undefined;
  /** Whether the peer sends settled messages; undefined for both. */
  readonly isSettledByPeer: boolean | undefined;
  /** Number of messages received. */
  receivedCount = 0;

  constructor(session: Session, attach: Attach, terms: PublishingTerms) {
    super(session, attach, terms);
    const { address } = terms;
    this.#address = address;
    const { target, sndSettleMode = mixedMode } = attach;
    this.shownAddress = target?.code === compositeCodes.target ? textOf(target.address) : undefined;
    this.isSettledByPeer = sndSettleMode === mixedMode ? undefined : sndSettleMode === settledMode;
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
    this.#take(delivery, this.message);
  }

  /** Publishes a message. If a permission is not known yet, this is repeated with a copy of it. */
  #take(delivery: IncomingDelivery, message: ReceivedMessage): void {
    if (this.isOver) return;
    const { decisions } = this.session.host;
    try {
      this.#publishTo(delivery, message, this.#targetOf(message));
    } catch (thrown) {
      if (!(thrown instanceof Undecided)) this.#refused(delivery, thrown);
      else {
        const { to, subject, userId, marked, publication } = message;
        const kept = { to, subject, userId, marked, publication: publication.copy() };
        const again = () => this.#take(delivery, kept);
        decisions.repeat(thrown, () => this.session.attempt(this.handle, again));
      }
    }
  }

  #targetOf(message: ReceivedMessage): PublishTarget {
    if (this.#target !== undefined) return this.#target;
    if (this.#address !== undefined) {
      return this.#known(this.#address.exchange, message.subject ?? '');
    }
    const { to } = message;
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

  #publishTo(delivery: IncomingDelivery, message: ReceivedMessage, target: PublishTarget): void {
    const { host } = this.session;
    const { vhost, access } = host;
    const { publication } = message;
    const queue = this.#address?.queue;
    if (queue !== undefined && !vhost.queues.has(queue)) {
      throw linkError('resource-deleted', `${describe('queue', queue, vhost.name)} was deleted`);
    }
    const exchange = target.resolve(vhost, access);
    target.addressTo(publication, exchange);
    if (message.marked !== undefined) this.#readMoreKeys(message);
    this.#requireOwnUser(message);
    if (target.checksTopics) this.#requireTopics(exchange, target.routingKey, publication);
    this.#route(delivery, exchange, publication);
  }

  /** Reads the annotation with further routing keys. */
  #readMoreKeys({ marked, publication }: ReceivedMessage): void {
    const found = entryOf(marked?.annotations, ccAnnotation);
    if (found === undefined) return;
    const keys = found.type === 'list' ? found.value : [];
    const cc = keys.flatMap((key) => (key.type === 'string' ? key.value : []));
    if (found.type !== 'list' || cc.length !== keys.length) {
      const why = `bad value for '${ccAnnotation}' message-annotation: a list of strings is allowed`;
      const error = new AmqpError('invalid-field', why, { scope: 'link' });
      throw this.#address === undefined ? new UnroutableError(error) : error;
    }
    checkSenderKeys({ cc, bcc: [] }, this.session.host.broker.limits.senderKeyCountMax);
    publication.extraRoutingKeys = cc;
  }

  #requireOwnUser({ userId }: ReceivedMessage): void {
    const { access } = this.session.host;
    if (userId === undefined || userId === access.user || access.hasTag('impersonator')) return;
    throw linkError(
      'unauthorized-access',
      `user_id property set to '${userId}' but authenticated user was '${access.user}'`,
    );
  }

  #requireTopics({ name }: Exchange, routingKey: string, { extraRoutingKeys }: Publication): void {
    const { access } = this.session.host;
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
