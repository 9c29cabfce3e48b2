// Links on which the peer sends messages.

import type { Usage } from '../../../broker/activemq/limits/usage.ts';
import type { SendOptions, SendTarget } from '../../../broker/activemq/send-target.ts';
import {
  forEachListed,
  listedAtOnceMax,
  sendToListed,
} from '../../../broker/activemq/sending/listed-destinations.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Published } from '../../../broker/publishing/publishing.ts';
import { type Attach, compositeCodes } from '../codec/performatives.gen.ts';
import { scheduleValues } from '../conversion/schedule.ts';
import { AmqpError } from '../errors.ts';
import { limitedCredit, messageBytesMax } from '../limits.ts';
import { type IncomingDelivery, ReceivingLink, within } from '../links/receiving-link.ts';
import type { Session } from '../session.ts';
import type { AmqpTransaction } from '../transactions.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { activeMqRules } from './message-rules.ts';
import { relayTargets, type TargetRequest } from './terminus.ts';

/** Maximum number of destinations whose routes a link caches. */
const targetCountMax = 256;

/** Maximum length of the address of such a destination, in characters. */
const cachedLengthMax = 1024;

/** Maximum size of a message on a link, in bytes. */
export function maxMessageSize(session: Session): number {
  return Math.min(messageBytesMax, session.host.broker.limits.bodyBytesMax);
}

/** A link on which the peer sends messages to a destination, or to one that each message names. */
export class PublishingLink extends ReceivingLink {
  /** Undefined if each message names its destination. */
  readonly #targets: readonly SendTarget[] | undefined;
  readonly #own: ActiveMqConnection;
  /** Those of the current message. */
  readonly #options: SendOptions = { timing: undefined, hasGroup: false };
  /** Destinations that messages named. */
  readonly #named = new Map<string, readonly SendTarget[]>();

  constructor(
    own: ActiveMqConnection,
    session: Session,
    attach: Attach,
    { targets, dynamic }: TargetRequest,
  ) {
    const bytesMax = maxMessageSize(session);
    super(session, attach, { dynamic, bytesMax, rules: activeMqRules });
    this.#own = own;
    this.#targets = targets;
    // With less credit, fewer messages arrive after a limit is reached.
    const { limits } = own.core.sends;
    if (targets?.some((target) => limits.mayBlock(target)) === true) this.creditMax = limitedCredit;
  }

  protected override received(delivery: IncomingDelivery): void {
    const { host } = this.session;
    const { publication } = this.message;
    this.message.complete(delivery.messageFormat, host.broker.nowMs(), this.#targets === undefined);
    this.#requireOwnUser();
    publication.format = formatNumbers.amqp10;
    publication.extraRoutingKeys = noExtraKeys;
    this.#options.hasGroup = this.message.hasGroup;
    this.#options.timing = this.#timing();
    host.startedPublishing();
    const { state } = delivery;
    if (state?.code === compositeCodes.transactionalState) {
      this.#enlist(delivery, host.transactions.get(state.txnId));
    } else this.#publish(delivery);
  }

  /** With populateJMSXUserID, consumers can rely on the user: a sender may not name another one. */
  #requireOwnUser(): void {
    const { core: dialect, access } = this.#own;
    const { userId } = this.message;
    if (userId === undefined || userId === access.user) return;
    if (!dialect.configuration.populatesUserId) return;
    const why = `user ${access.user} sends a message with the user-id of another user`;
    throw new BrokerError('access-refused', why);
  }

  /** When the message is delivered, if it is scheduled. */
  #timing(): SendOptions['timing'] {
    const { marked } = this.message;
    if (marked === undefined) return undefined;
    const { core: dialect } = this.#own;
    const { broker } = dialect;
    const values = scheduleValues(marked, broker.nowMs());
    return dialect.timingOf((name) => values.get(name));
  }

  #route(
    target: SendTarget,
    publication = this.message.publication,
    options = this.#options,
  ): Route {
    const { core: dialect } = this.#own;
    const { access, gate, origins } = this.session.host;
    const route = dialect.route(target, publication, access, origins, options);
    gate.count(dialect.routeUnits);
    return route;
  }

  #targetsOf(): readonly SendTarget[] {
    if (this.#targets !== undefined) return this.#targets;
    const { to } = this.message;
    if (to === undefined || to === '') {
      const why = 'a message to the anonymous node has no property `to`';
      throw new AmqpError('precondition-failed', why, { scope: 'link' });
    }
    const known = this.#named.get(to);
    if (known !== undefined) return known;
    const targets = relayTargets(this.#own, to);
    // Long lists are not worth the memory.
    if (to.length > cachedLengthMax) return targets;
    if (this.#named.size >= targetCountMax) this.#named.clear();
    this.#named.set(to, targets);
    return targets;
  }

  #enlist(delivery: IncomingDelivery, transaction: AmqpTransaction): void {
    const { transactions } = this.session.host;
    const { publication } = this.message;
    const enlist = (target: SendTarget, message: Publication, options: SendOptions) => {
      const route = this.#route(target, message, options);
      transactions.requireRoom(message.sizeBytes);
      transaction.publish(message, route);
      this.#waitFor(this.#own.core.sends.enlisted(target, message, route));
    };
    // The commit must not succeed without this message.
    const broken = (thrown: unknown) => {
      if (thrown instanceof BrokerError || thrown instanceof AmqpError) {
        transaction.broken ??= thrown.message;
      }
    };
    const { core: dialect } = this.#own;
    try {
      const targets = this.#targetsOf();
      if (targets.length > listedAtOnceMax) {
        const kept = publication.copy();
        const options = { ...this.#options };
        const steps = forEachListed(dialect, targets, (target) => {
          enlist(target, kept, options);
          return undefined;
        });
        this.#inSteps(delivery, steps, () => this.#enlisted(delivery), broken);
        return;
      }
      for (const target of targets) enlist(target, publication, this.#options);
    } catch (thrown) {
      broken(thrown);
      throw thrown;
    }
    this.#enlisted(delivery);
  }

  #enlisted({ deliveryId, isSettled, state }: IncomingDelivery): void {
    if (isSettled) return;
    const accepted = within(state, { code: compositeCodes.accepted });
    this.session.confirms.settle(deliveryId, accepted);
  }

  /** Handles a message for a long list of destinations, for which its connection waits. */
  #inSteps<Result>(
    delivery: IncomingDelivery,
    steps: Generator<void, Result>,
    done: (result: Result) => void,
    failed: (thrown: unknown) => void = () => {},
  ): void {
    const { session, handle } = this;
    const refuse = (thrown: unknown) => this.refuse(delivery, thrown);
    function* guarded(): Generator<void> {
      try {
        done(yield* steps);
      } catch (thrown) {
        failed(thrown);
        session.host.guarded(() => session.attempt(handle, () => refuse(thrown)))();
      }
    }
    session.host.gate.finishFirst(guarded());
  }

  #publishInSteps(delivery: IncomingDelivery, targets: readonly SendTarget[]): void {
    const publication = this.message.publication.copy();
    const options = { ...this.#options };
    const steps = sendToListed(
      this.#own.core,
      targets,
      (target) => this.#route(target, publication, options),
      (target, route) => this.#store(target, publication, route),
    );
    this.#inSteps(delivery, steps, (group) => this.#accept(delivery, group));
  }

  #store(target: SendTarget, publication: Publication, route: Route): Published {
    const { core: dialect } = this.#own;
    const published = dialect.broker.publish(dialect.vhost, publication, route);
    this.#waitFor(dialect.sends.stored(target, publication, route));
    return published;
  }

  #publish(delivery: IncomingDelivery): void {
    const { publication } = this.message;
    const targets = this.#targetsOf();
    if (targets.length > listedAtOnceMax) {
      this.#publishInSteps(delivery, targets);
      return;
    }
    // If one of several destinations is refused, the message must not be sent to the others.
    if (targets.length > 1) {
      for (const target of targets) if (!target.isService) this.#route(target);
    }
    let unfinished: Published[] | undefined;
    let group = 0;
    for (const target of targets) {
      const route = this.#route(target);
      const published = this.#store(target, publication, route);
      if (published.rest === undefined) group = Math.max(group, published.group);
      else if (unfinished === undefined) unfinished = [published];
      else unfinished.push(published);
    }
    if (unfinished === undefined) this.#accept(delivery, group);
    else this.#finish(delivery, group, unfinished);
  }

  /** The message is for so many queues that its storing takes several turns. */
  #finish(delivery: IncomingDelivery, group: number, unfinished: readonly Published[]): void {
    const { host } = this.session;
    const done = host.guarded(() => {
      const groups = unfinished.map((published) => published.group);
      this.#accept(delivery, Math.max(group, ...groups));
    });
    host.gate.finishFirst(finish(unfinished), done);
  }

  /** A limit is reached: the peer gets no more credit until there is room. */
  #waitFor(reached: Usage | undefined): void {
    if (reached !== undefined) this.withholdCredit(reached);
  }

  #accept({ deliveryId, isSettled }: IncomingDelivery, group: number): void {
    if (!isSettled) this.session.confirms.accept(deliveryId, group);
  }
}

function* finish(unfinished: readonly Published[]): Generator<void> {
  for (const { rest } of unfinished) yield* rest ?? [];
}
