// Attaches: creates links.

import type { ConsumeRequest } from '../../../broker/activemq/consumption.ts';
import {
  durableSource,
  offeredToSender,
  readSource,
  readTarget,
  type SourceRequest,
} from '../activemq.ts';
import { type Attach, compositeCodes, type Source } from '../codec/performatives.gen.ts';
import { AmqpError, toAmqpError } from '../errors.ts';
import { nameLengthMax } from '../limits.ts';
import type { Session } from '../session.ts';
import { CoordinatorLink } from './coordinator-link.ts';
import { invalidField, type Link, RefusedLink, refusal } from './link.ts';
import { LookupLink } from './lookup-link.ts';
import { maxMessageSize, PublishingLink } from './publishing-link.ts';
import { SendingLink } from './sending-link.ts';
import { lookedUpKey } from './shared-subscriptions.ts';

/** Sender settle modes (2.8.2). */
const settledMode = 1;

/** A link that can begin, and the fields of its attach. */
interface Attached {
  readonly link: Link;
  readonly answer: Partial<Attach>;
}

/**
 * Handles an attach. A link with the same name is ended first.
 *
 * @throws {AmqpError} with scope `session` if the handle cannot be used
 */
export function attach(session: Session, frame: Attach): void {
  const { host } = session;
  session.requireFree(frame.handle);
  const older = host.links.find(frame.name, frame.role);
  if (older === undefined) {
    open(session, frame);
    return;
  }
  const stolen = 'another link with the same name was attached';
  older.isOver = true;
  host.links.remove(older);
  host.answers.say(0, () => {
    const error = new AmqpError('link:stolen', stolen, { scope: 'link' });
    older.session.writeDetach(older.handle, true, error);
  });
  const done = host.guarded(() => {
    older.closed('detached');
    open(session, frame);
  });
  host.gate.finishFirst(older.release('detached'), done);
}

function open(session: Session, frame: Attach): void {
  const { host } = session;
  const { store } = host.broker;
  const definedBefore = store.definedGroup;
  let attached: Attached;
  try {
    attached = attachTerminus(session, frame);
  } catch (thrown) {
    refuse(session, frame, thrown);
    return;
  }
  const { link, answer } = attached;
  session.add(link);
  host.links.add(link);
  const { definedGroup } = store;
  // Several definitions can be in one group.
  const isChanged = link.isDurable || definedGroup !== definedBefore;
  // Encoded now, because an answer that waits must not hold all values of the frame.
  const bytes = host.frames.encode(session.channel, {
    code: compositeCodes.attach,
    name: frame.name,
    handle: frame.handle,
    role: !frame.role,
    sndSettleMode: frame.sndSettleMode,
    rcvSettleMode: 0,
    ...answer,
  });
  const send = (): void => {
    if (session.isOver) return;
    host.outbox.append(bytes, 0, bytes.length);
    // A link may have failed before. The peer is sent its attach, and then the detach.
    if (!link.isOver) link.begin();
  };
  host.answers.say(isChanged ? definedGroup : 0, send, bytes.length);
}

function refuse(session: Session, frame: Attach, thrown: unknown): void {
  const error = toAmqpError(thrown, 'link');
  if (error.scope !== 'link') {
    session.host.failed(thrown);
    return;
  }
  const link = new RefusedLink(session, frame);
  session.add(link);
  const { answers, frames, outbox } = session.host;
  const { handle } = frame;
  const bytes = frames.encode(session.channel, refusal(frame));
  const send = (): void => {
    if (session.isOver) return;
    outbox.append(bytes, 0, bytes.length);
    session.writeDetach(handle, true, error);
  };
  answers.say(0, send, bytes.length);
}

function attachTerminus(session: Session, frame: Attach): Attached {
  if (frame.name.length > nameLengthMax) {
    const found = `a link name of ${frame.name.length} characters`;
    throw invalidField(`${found} is longer than the maximum of ${nameLengthMax}`);
  }
  session.host.links.requireRoom();
  return frame.role ? attachSender(session, frame) : attachReceiver(session, frame);
}

/** The peer sends. */
function attachReceiver(session: Session, frame: Attach): Attached {
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
  const request = readTarget(session.host, target);
  return {
    link: new PublishingLink(session, frame, request),
    answer: {
      source: frame.source,
      target: request.answer,
      maxMessageSize: BigInt(maxMessageSize(session)),
      offeredCapabilities: offeredToSender(session.host.dialect, frame.desiredCapabilities),
    },
  };
}

/** The peer receives. */
function attachSender(session: Session, frame: Attach): Attached {
  const { source } = frame;
  if (source === undefined) return lookUp(session, frame);
  if (source.code !== compositeCodes.source) throw invalidField('source not set');
  const { host } = session;
  const { broker } = host;
  // Some links are permitted even if memory is short, because consumers drain queues.
  if (host.links.count >= broker.limits.consumerCountShort) broker.requireMemory('link');
  const request = readSource(host, frame, source);
  const isSettled = frame.sndSettleMode === settledMode;
  const { dynamic, answer, sharing } = request;
  const key = sharing === 'transient' ? undefined : request.key;
  const isShared = sharing !== undefined;
  const link = new SendingLink(session, frame, { dynamic, key, isShared, isSettled });
  try {
    supply(link, request, isSettled);
  } catch (thrown) {
    if (dynamic !== undefined) host.temporaries.delete(dynamic);
    throw thrown;
  }
  return { link, answer: { source: answer, target: frame.target, initialDeliveryCount: 0 } };
}

function supply(link: SendingLink, request: SourceRequest, isSettled: boolean): void {
  const { host } = link.session;
  const { dialect, access, budget } = host;
  const { destinations, selector, options } = request;
  if (request.isBrowser) {
    link.supply({ browse: dialect.browse(destinations, selector, link, { access, owner: host }) });
    return;
  }
  const consumeRequest: ConsumeRequest = {
    destinations,
    selector,
    isSettled,
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
  link.supply({ consumption: dialect.consume(consumeRequest, link, access) });
}

/** A client of JMS asks for a durable subscription by its link name, to delete it. */
function lookUp(session: Session, frame: Attach): Attached {
  const { dialect, clientId, access } = session.host;
  const own = { clientId, name: frame.name };
  const shared = lookedUpKey(frame.name, clientId);
  const isShared = shared !== undefined && dialect.durableSubscription(own, access) === undefined;
  const key = isShared ? shared : own;
  const found = dialect.durableSubscription(key, access);
  if (found === undefined) {
    const what = `no durable subscription '${frame.name}' of client '${clientId}'`;
    throw new AmqpError('not-found', what, { scope: 'link' });
  }
  const source: Source = durableSource(found);
  return {
    link: new LookupLink(session, frame, key),
    answer: { source, target: frame.target, initialDeliveryCount: 0 },
  };
}
