// SEND.

import { isQueue, qualifiedName } from '../../../../broker/activemq/destination.ts';
import type { Usage } from '../../../../broker/activemq/limits/usage.ts';
import type { Terms } from '../../../../broker/activemq/policies/message-terms.ts';
import type { SendOptions, SendTarget } from '../../../../broker/activemq/send-target.ts';
import {
  forEachListed,
  listedAtOnceMax,
  sendToListed,
} from '../../../../broker/activemq/sending/listed-destinations.ts';
import type { Address } from '../../../../broker/conversion/properties.ts';
import { BrokerError } from '../../../../broker/errors.ts';
import type { Route } from '../../../../broker/exchanges/route-cache.ts';
import { noExtraKeys } from '../../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../../broker/format.ts';
import { Publication } from '../../../../broker/publication.ts';
import type { Published } from '../../../../broker/publishing/publishing.ts';
import { expiryMsMax } from '../../../../broker/queue-options.ts';
import { BodyParts } from '../../codec/body-parts.ts';
import type { Frame } from '../../codec/frames.ts';
import { destinationText, parseDestinations, parseReplyTo } from '../address.ts';
import { frameNames, type HeadLine, propertyNames, writeHead } from '../codec/head.ts';
import type { ActiveMqConnection } from '../dialect.ts';
import { ActiveMqError, toStompError } from '../errors.ts';
import type { StompTransaction } from '../transactions.ts';

/** Maximum number of destinations whose routes a connection caches. */
const targetCountMax = 256;

/** Headers that are stored unchanged. */
const plainProperties = ['correlation-id', 'type', 'content-type', 'content-encoding'] as const;

/** Message groups of JMS, under JMS's names. */
const groupProperties = ['JMSXGroupID', 'JMSXGroupSeq'] as const;

/** The values of a SEND frame that are not message properties. */
interface Sending extends Terms {
  readonly priority: number;
}

/** The beginning of the names of headers that schedule a message. */
const scheduledPrefix = 'AMQ_SCHEDULED_';

/** Receives the messages of a connection. */
export class Sender {
  readonly #own: ActiveMqConnection;
  readonly #publication = new Publication();
  readonly #body = new BodyParts(this.#publication);
  readonly #targets = new Map<string, SendTarget>();
  /** The sender, for subscriptions with noLocal. */
  #origins: readonly unknown[] = [];
  #sequence = 0;
  /** Those of the current message. */
  readonly #options: SendOptions = { timing: undefined, hasGroup: false };
  /** The limit that the current message has reached, so that its sender must wait. */
  #reached: Usage | undefined = undefined;
  #isFirst = true;

  constructor(own: ActiveMqConnection) {
    this.#own = own;
  }

  /** Receives a part of the body before the frame is complete. */
  body(bytes: Buffer, at: number, end: number): void {
    this.#start();
    this.#body.add(bytes, at, end);
  }

  /** Handles a complete SEND frame. */
  send(frame: Frame): void {
    try {
      this.#send(frame);
    } finally {
      this.#body.clear();
    }
  }

  /** Discards an incomplete message. */
  end(): void {
    this.#publication.release();
  }

  #send(frame: Frame): void {
    const { headers } = frame;
    const transactionId = headers.get('transaction');
    const { transactions } = this.#own;
    const transaction = transactionId === undefined ? undefined : transactions.get(transactionId);
    this.#reached = undefined;
    this.#start();
    try {
      const targets = this.#targetsOf(headers.get('destination'));
      this.#prepare(frame, targets);
      if (targets.length > listedAtOnceMax) this.#sendInSteps(frame, targets, transaction);
      else if (transaction === undefined) this.#publish(frame, targets);
      else {
        for (const target of targets) {
          this.#enlist(transaction, target, this.#publication, this.#options);
        }
        this.#confirm(frame, 0);
      }
    } catch (thrown) {
      // Later frames of the transaction may depend on this one.
      if (transaction !== undefined) transaction.broken ??= toStompError(thrown).text;
      throw asMissing(thrown);
    }
  }

  #start(): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    const { host, clientId } = this.#own;
    this.#origins = [host, clientId];
    host.startedPublishing();
  }

  #targetsOf(text: string | undefined): readonly SendTarget[] {
    if (text === undefined) {
      throw new ActiveMqError('invalid', 'SEND received without a Destination specified!');
    }
    const known = this.#targets.get(text);
    if (known !== undefined) return [known];
    const { core, words } = this.#own;
    const addresses = parseDestinations(text, words);
    const targets = addresses.map((address) => core.sendTarget(address, addresses));
    const [only] = targets;
    if (targets.length === 1 && only !== undefined) {
      if (this.#targets.size >= targetCountMax) this.#targets.clear();
      this.#targets.set(text, only);
    }
    return targets;
  }

  /** Sets all properties of the publication except its address. */
  #prepare({ headers }: Frame, targets: readonly SendTarget[]): void {
    const { broker, core, access } = this.#own;
    const nowMs = broker.nowMs();
    const sent = readSending(headers, nowMs);
    const [first] = targets;
    const sending = first ? core.terms.adjusted(sent, first.address, nowMs) : sent;
    const lines: HeadLine[] = [];
    if (sending.ttlMs >= 0) lines.push(['expires', String(sending.ttlMs)]);
    lines.push(['timestamp', String(sending.createdAtMs)]);
    lines.push(['priority', String(sent.priority)]);
    lines.push(['message-id', `${this.#own.connectionId}:-1:1:${++this.#sequence}`]);
    if (sending.isPersistent) lines.push(['persistent', 'true']);
    if (core.configuration.populatesUserId) lines.push(['JMSXUserID', access.user]);
    this.#addProperties(headers, lines);
    if (targets.length > 1) {
      const all = targets.map(({ address }) => address);
      lines.push(['original-destination', compositeText(all)]);
    }
    let isScheduled = false;
    for (const [name, value] of headers) {
      if (propertyNames.has(name) || frameNames.has(name)) continue;
      lines.push([name, value]);
      if (name.startsWith(scheduledPrefix)) isScheduled = true;
    }
    this.#options.timing = isScheduled
      ? this.#own.core.timingOf((name) => headers.get(name))
      : undefined;
    const publication = this.#publication;
    const head = writeHead(lines);
    publication.head = head;
    publication.headStart = 0;
    publication.headEnd = head.length;
    publication.format = formatNumbers.stomp;
    publication.isPersistent = sending.isPersistent;
    publication.priority = sent.priority;
    publication.expirationMs = sending.ttlMs;
    publication.extraRoutingKeys = noExtraKeys;
    this.#options.hasGroup = headers.has('JMSXGroupID');
  }

  #addProperties(headers: ReadonlyMap<string, string>, lines: HeadLine[]): void {
    for (const name of plainProperties) addLine(lines, name, headers.get(name));
    const replyTo = headers.get('reply-to');
    if (replyTo !== undefined) {
      const address = parseReplyTo(replyTo, this.#own.words);
      lines.push(['reply-to', address === undefined ? replyTo : destinationText(address)]);
    }
    const kind = headers.get('amq-msg-type')?.trim().toLowerCase();
    if (kind !== undefined && kind !== 'text' && kind !== 'bytes') {
      throw new ActiveMqError('invalid', `Unsupported message type '${kind}'`);
    }
    const isCounted = headers.get('content-length') !== undefined;
    const isBytes = kind === 'bytes' || (kind !== 'text' && isCounted);
    // Text with a zero byte can only be delivered with a content-length.
    const isCountedText = !isBytes && isCounted && this.#body.hasNul();
    if (isBytes || isCountedText) {
      lines.push(['content-length', String(this.#publication.bodyLength)]);
    }
    if (isCountedText) lines.push(['amq-msg-type', 'text']);
    for (const name of groupProperties) addLine(lines, name, headers.get(name));
  }

  #route(target: SendTarget, publication = this.#publication, options = this.#options): Route {
    const { core, access } = this.#own;
    return core.route(target, publication, access, this.#origins, options);
  }

  /** Sends a message to a long list of destinations, whose connection waits for it. */
  #sendInSteps(
    frame: Frame,
    targets: readonly SendTarget[],
    transaction: StompTransaction | undefined,
  ): void {
    const { core, gate, host } = this.#own;
    const publication = this.#publication.copy();
    const options = { ...this.#options };
    const route = (target: SendTarget) => this.#route(target, publication, options);
    const store = (target: SendTarget, found: Route) => this.#store(target, publication, found);
    const enlist = (target: SendTarget) => {
      if (transaction !== undefined) this.#enlist(transaction, target, publication, options);
      return undefined;
    };
    const confirm = (group: number) => this.#confirm(frame, group);
    function* steps(): Generator<void> {
      try {
        let group = 0;
        if (transaction === undefined) group = yield* sendToListed(core, targets, route, store);
        else yield* forEachListed(core, targets, enlist);
        confirm(group);
      } catch (thrown) {
        if (transaction !== undefined) transaction.broken ??= toStompError(thrown).text;
        host.refuse(frame, asMissing(thrown));
      }
    }
    gate.finishFirst(steps());
  }

  #enlist(
    transaction: StompTransaction,
    target: SendTarget,
    publication: Publication,
    options: SendOptions,
  ): void {
    const { core, transactions } = this.#own;
    const route = this.#route(target, publication, options);
    this.#own.gate.count(core.routeUnits);
    transactions.requireRoom(publication.sizeBytes);
    transaction.publish(publication, route);
    const reached = core.sends.enlisted(target, publication, route);
    if (reached !== undefined) this.#reached = reached;
  }

  /**
   * Sends the receipt that a frame requests. If a limit is reached, it comes late; a sender that requests
   * none is not read from.
   */
  #confirm(frame: Frame, group: number): void {
    const reached = this.#reached;
    if (reached === undefined) {
      this.#own.receipt(frame, group);
      return;
    }
    this.#reached = undefined;
    const { pause } = this.#own;
    if (!frame.headers.has('receipt')) pause.wait(reached);
    else {
      pause.answerLater(reached, () => {
        this.#own.receipt(frame, group);
        this.#own.host.requestFlush();
      });
    }
  }

  #publish(frame: Frame, targets: readonly SendTarget[]): void {
    const { core, gate } = this.#own;
    // If one of several destinations is refused, the message must not be sent to the others.
    if (targets.length > 1) {
      for (const target of targets) if (!target.isService) this.#route(target);
    }
    const unfinished: Published[] = [];
    let group = 0;
    for (const target of targets) {
      const route = this.#route(target);
      gate.count(core.routeUnits);
      const published = this.#store(target, this.#publication, route);
      if (published.rest !== undefined) unfinished.push(published);
      else group = Math.max(group, published.group);
    }
    if (unfinished.length === 0) {
      this.#confirm(frame, group);
      return;
    }
    gate.finishFirst(finish(unfinished), () => {
      const groups = unfinished.map((published) => published.group);
      this.#confirm(frame, Math.max(group, ...groups));
    });
  }

  #store(target: SendTarget, publication: Publication, route: Route): Published {
    const { broker, core } = this.#own;
    const published = broker.publish(core.vhost, publication, route);
    const reached = core.sends.stored(target, publication, route);
    if (reached !== undefined) this.#reached = reached;
    return published;
  }
}

/** A temporary destination that does not exist has an error of its own. */
function asMissing(thrown: unknown): unknown {
  if (!(thrown instanceof BrokerError) || thrown.code !== 'not-found') return thrown;
  return new ActiveMqError('invalid', thrown.message, 'missing', { cause: thrown });
}

function* finish(unfinished: readonly Published[]): Generator<void> {
  for (const { rest } of unfinished) yield* rest ?? [];
}

function addLine(lines: HeadLine[], name: string, value: string | undefined): void {
  if (value !== undefined) lines.push([name, value]);
}

function readTimestamp(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

function readSending(headers: ReadonlyMap<string, string>, nowMs: number): Sending {
  const expires = readNumber('expires', headers.get('expires'), 0);
  const ttlMs = Math.max(0, expires - nowMs);
  const isLimited = expires > 0 && ttlMs <= expiryMsMax;
  return {
    isPersistent: headers.get('persistent')?.trim() === 'true',
    priority: Math.max(0, Math.min(9, readNumber('priority', headers.get('priority'), 4))),
    ttlMs: isLimited ? ttlMs : -1,
    createdAtMs: readTimestamp(headers.get('timestamp')) ?? nowMs,
  };
}

function readNumber(name: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  if (/^\s*-?\d{1,19}\s*$/.test(text)) return Number(text);
  const why = `The header ${name} of SEND is not a whole number`;
  throw new ActiveMqError('invalid', why, 'jms');
}

/**
 * Returns a list of destinations as ActiveMQ writes it: with one prefix if all are of the same
 * kind.
 */
function compositeText(addresses: readonly Address[]): string {
  const areQueues = addresses.every(isQueue);
  const prefix = areQueues ? '/queue/' : '/topic/';
  const areOne = areQueues || addresses.every((address) => !isQueue(address));
  const names = addresses.map((address) => (areOne ? address.name : qualifiedName(address)));
  return areOne ? prefix + names.join(',') : names.join(',');
}
