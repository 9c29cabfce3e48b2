// Creates the links of brokers of ActiveMQ's type.

import type { ConsumeRequest } from '../../../broker/activemq/consumption.ts';
import { type Attach, compositeCodes, type Source } from '../codec/performatives.gen.ts';
import type { Attached } from '../dialect.ts';
import { AmqpError } from '../errors.ts';
import { CoordinatorLink } from '../links/coordinator-link.ts';
import { invalidField, settledMode } from '../links/link.ts';
import type { Session } from '../session.ts';
import { ConsumingLink } from './consuming-link.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { LookupLink } from './lookup-link.ts';
import { maxMessageSize, PublishingLink } from './publishing-link.ts';
import { lookedUpKey } from './shared-subscriptions.ts';
import {
  durableSource,
  offeredToSender,
  readSource,
  readTarget,
  type SourceRequest,
} from './terminus.ts';

/**
 * Creates the link for an attach.
 *
 * @throws {AmqpError}
 * @throws {BrokerError}
 */
export function attachTerminus(own: ActiveMqConnection, session: Session, frame: Attach): Attached {
  return frame.role ? attachSender(own, session, frame) : attachReceiver(own, session, frame);
}

/** The peer sends. */
function attachReceiver(own: ActiveMqConnection, session: Session, frame: Attach): Attached {
  const { target } = frame;
  if (target?.code === compositeCodes.coordinator) {
    return {
      link: new CoordinatorLink(session, frame),
      answer: {
        source: frame.source,
        target: { code: compositeCodes.coordinator, capabilities: ['amqp:local-transactions'] },
      },
    };
  }
  if (target?.code !== compositeCodes.target) throw invalidField('target not set');
  const request = readTarget(own, target);
  return {
    link: new PublishingLink(own, session, frame, request),
    answer: {
      source: frame.source,
      target: request.answer,
      maxMessageSize: BigInt(maxMessageSize(session)),
      offeredCapabilities: offeredToSender(own.core, frame.desiredCapabilities),
    },
  };
}

/** The peer receives. */
function attachSender(own: ActiveMqConnection, session: Session, frame: Attach): Attached {
  const { source } = frame;
  if (source === undefined) return lookUp(own, session, frame);
  if (source.code !== compositeCodes.source) throw invalidField('source not set');
  const { host } = session;
  const { broker } = host;
  // Some links are permitted even if memory is short, because consumers drain queues.
  if (host.links.count >= broker.limits.consumerCountShort) broker.requireMemory('link');
  const request = readSource(own, frame, source);
  const isSettled = frame.sndSettleMode === settledMode;
  const { dynamic, answer, sharing } = request;
  const key = sharing === 'transient' ? undefined : request.key;
  const isShared = sharing !== undefined;
  const link = new ConsumingLink(own, session, frame, { dynamic, key, isShared, isSettled });
  try {
    supply(own, link, request);
  } catch (thrown) {
    dynamic?.delete();
    throw thrown;
  }
  return { link, answer: { source: answer, target: frame.target, initialDeliveryCount: 0 } };
}

function supply(own: ActiveMqConnection, link: ConsumingLink, request: SourceRequest): void {
  const { core, host } = own;
  const { access, budget } = host;
  const { destinations, selector, options } = request;
  if (request.isBrowser) {
    link.supply({ browse: core.browse(destinations, selector, link, { access, owner: host }) });
    return;
  }
  const consumeRequest: ConsumeRequest = {
    destinations,
    selector,
    isSettled: link.isSettled,
    // The credit of the link is the window.
    prefetch: host.broker.limits.unsettledCountMax,
    isExclusive: options.isExclusive,
    priority: options.priority,
    isNoLocal: request.isNoLocal,
    key: request.key,
    sharing: request.sharing,
    owner: host,
    budget,
    isRetroactive: options.isRetroactive,
    pendingCountMax: options.pendingCountMax,
  };
  link.supply({ consumption: core.consume(consumeRequest, link, access) });
}

/** A client of JMS asks for a durable subscription by its link name, to delete it. */
function lookUp(own: ActiveMqConnection, session: Session, frame: Attach): Attached {
  const { core, clientId, access } = own;
  const ownKey = { clientId, name: frame.name };
  const shared = lookedUpKey(frame.name, clientId);
  const isShared = shared !== undefined && core.durableSubscription(ownKey, access) === undefined;
  const key = isShared ? shared : ownKey;
  const found = core.durableSubscription(key, access);
  if (found === undefined) {
    const what = `no durable subscription '${frame.name}' of client '${clientId}'`;
    throw new AmqpError('not-found', what, { scope: 'link' });
  }
  const source: Source = durableSource(found);
  return {
    link: new LookupLink(own, session, frame, key),
    answer: { source, target: frame.target, initialDeliveryCount: 0 },
  };
}
