// SUBSCRIBE and UNSUBSCRIBE.

import type { ConsumeRequest } from '../../../../broker/activemq/consumption.ts';
import { consumerOptions, isQueue } from '../../../../broker/activemq/destination.ts';
import { Selector } from '../../../../broker/activemq/selectors/selector.ts';
import { BrokerError } from '../../../../broker/errors.ts';
import type { Frame } from '../../codec/frames.ts';
import { idLengthMax } from '../../limits.ts';
import { parseDestinations } from '../address.ts';
import { transformationHeader } from '../conversion/transformations.ts';
import type { ActiveMqConnection } from '../dialect.ts';
import { ActiveMqError } from '../errors.ts';
import { type AckMode, StompSubscription } from '../subscription.ts';

/** Number of subscriptions that are searched in about a microsecond. */
const searchedPerUnit = 16;

const ackModes: readonly AckMode[] = ['auto', 'client', 'client-individual'];

/** SUBSCRIBE. */
export function subscribe(own: ActiveMqConnection, frame: Frame): void {
  const { headers } = frame;
  const { subscriptions, broker } = own;
  const id = headers.get('id');
  if (id === undefined && own.version !== '1.0') {
    throw new ActiveMqError('invalid', 'SUBSCRIBE received without a subscription id!');
  }
  const destination = headers.get('destination');
  if (destination === undefined) {
    throw new ActiveMqError('invalid', "Invalid empty or 'null' Destination header");
  }
  const isBrowser = own.version !== '1.0' && isTrue(headers, 'browser');
  const ackMode = isBrowser ? 'auto' : readAckMode(headers.get('ack'));
  const number = subscriptions.next(id);
  const subscription = new StompSubscription(
    own,
    number,
    { id, destination, ackMode },
    headers.get(transformationHeader),
  );
  const request = readRequest(own, headers, destination, ackMode);
  const definedBefore = broker.store.definedGroup;
  const { core, access } = own;
  if (isBrowser) {
    const { destinations, selector } = request;
    const by = { access, owner: own.host };
    subscription.attach({ browse: core.browse(destinations, selector, subscription, by) });
  } else subscription.attach({ consumption: core.consume(request, subscription, access) });
  subscriptions.add(subscription);
  const { definedGroup } = broker.store;
  const isChanged = request.key !== undefined || definedGroup !== definedBefore;
  // The RECEIPT is sent before the first MESSAGE.
  own.receipt(frame, isChanged ? definedGroup : 0, () => subscription.begin());
}

function readAckMode(text: string | undefined): AckMode {
  const mode = text?.trim() ?? 'auto';
  const known = ackModes.find((each) => each === mode);
  // ActiveMQ treats unknown modes as auto.
  return known ?? 'auto';
}

function readRequest(
  own: ActiveMqConnection,
  headers: ReadonlyMap<string, string>,
  destination: string,
  ackMode: AckMode,
): ConsumeRequest {
  const destinations = parseDestinations(destination, own.words);
  const options = new Options(headers, consumerOptions(destination));
  const name = headers.get('activemq.subscriptionName');
  if (name !== undefined && destinations.some(isQueue)) {
    const why = 'cannot durably subscribe to a Queue destination!';
    throw new ActiveMqError('invalid', `Invalid Subscription: ${why}`);
  }
  const selector = headers.get('selector');
  const { clientPolicies } = own.core;
  const requested = options.number('prefetchSize');
  const prefetch = clientPolicies.prefetchOf(destinations, name !== undefined, requested);
  return {
    destinations,
    selector: selector === undefined || selector.trim() === '' ? undefined : newSelector(selector),
    isSettled: ackMode === 'auto',
    prefetch: Math.min(Math.max(prefetch, 1), own.broker.limits.unsettledCountMax),
    isExclusive: options.isTrue('exclusive'),
    priority: Math.min(Math.max(options.number('priority') ?? 0, -128), 127),
    isNoLocal: options.isTrue('noLocal') || isTrue(headers, 'no-local'),
    isRetroactive: options.isTrue('retroactive'),
    pendingCountMax: options.number('maximumPendingMessageLimit'),
    key: name === undefined ? undefined : { clientId: clientIdFor(own, name), name },
    owner: own.host,
    budget: own.subscriptions.budget,
  };
}

/** A durable subscription is identified by the client id and this name. */
function clientIdFor({ clientId, hasClientId }: ActiveMqConnection, name: string): string {
  if (name.length > idLengthMax) {
    const found = `A subscription name of ${name.length} characters`;
    throw new ActiveMqError('invalid', `${found} is longer than the maximum of ${idLengthMax}`);
  }
  if (hasClientId) return clientId;
  const why = 'a durable subscription needs the header client-id of CONNECT';
  throw new ActiveMqError('invalid', `Invalid Subscription: ${why}`);
}

function newSelector(text: string): Selector {
  try {
    return new Selector(text, { convertsText: true });
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    throw new ActiveMqError('invalid', error.message, 'selector', { cause: error });
  }
}

function isTrue(headers: ReadonlyMap<string, string>, name: string): boolean {
  return headers.get(name)?.trim().toLowerCase() === 'true';
}

/** Options of a consumer: headers `activemq.NAME`, or `?consumer.NAME=` in the destination. */
class Options {
  readonly #headers: ReadonlyMap<string, string>;
  readonly #inName: ReadonlyMap<string, string>;

  constructor(headers: ReadonlyMap<string, string>, inName: ReadonlyMap<string, string>) {
    this.#headers = headers;
    this.#inName = inName;
  }

  #text(name: string): string | undefined {
    return (this.#headers.get(`activemq.${name}`) ?? this.#inName.get(name))?.trim();
  }

  isTrue(name: string): boolean {
    return this.#text(name)?.toLowerCase() === 'true';
  }

  number(name: string): number | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    if (/^-?\d{1,10}$/.test(text)) return Number(text);
    throw new ActiveMqError('invalid', `The option ${name} of SUBSCRIBE is not a whole number`);
  }
}

/** UNSUBSCRIBE: ends a subscription or deletes a durable one. */
export function unsubscribe(own: ActiveMqConnection, frame: Frame): void {
  const { headers } = frame;
  const id = headers.get('id');
  const destination = headers.get('destination');
  if (id === undefined && own.version !== '1.0') {
    throw new ActiveMqError('invalid', 'UNSUBSCRIBE received without a subscription id!');
  }
  if (id === undefined && destination === undefined) {
    throw new ActiveMqError(
      'invalid',
      'Must specify the subscriptionId or the destination you are unsubscribing from',
    );
  }
  const name = headers.get('activemq.subscriptionName');
  // Clients of 1.0 name the destination, for which all subscriptions are searched.
  if (id === undefined) own.gate.count(own.subscriptions.count / searchedPerUnit);
  const found = own.subscriptions.find(id, destination);
  const key = name === undefined ? undefined : { clientId: clientIdFor(own, name), name };
  if (found === undefined && key === undefined) {
    throw new ActiveMqError('invalid', 'No subscription matched.');
  }
  if (found !== undefined) {
    own.subscriptions.remove(found);
    own.gate.finishFirst(found.requeueAll(), () => finish(own, frame, key));
  } else finish(own, frame, key);
}

function finish(own: ActiveMqConnection, frame: Frame, key: ConsumeRequest['key']): void {
  try {
    if (key !== undefined) own.core.unsubscribe(key, own.access);
    own.receipt(frame, key === undefined ? 0 : own.broker.store.definedGroup);
  } catch (thrown) {
    own.refuse(frame, thrown);
  }
}
