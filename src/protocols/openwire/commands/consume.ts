// ConsumerInfo, ConsumerControl and RemoveSubscriptionInfo.

import type { ConsumeRequest } from '../../../broker/activemq/consumption.ts';
import { isQueue } from '../../../broker/activemq/destination.ts';
import { Selector } from '../../../broker/activemq/selectors/selector.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { addressesOf } from '../address.ts';
import type {
  ConsumerControl,
  ConsumerInfo,
  RemoveSubscriptionInfo,
} from '../codec/commands.gen.ts';
import { consumerControl } from '../codec/commands.gen.ts';
import { OpenWireConsumer } from '../consuming/consumer.ts';
import { OpenWireError, withClass } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText, isFirstSession, requireId, requireShort, sessionText } from '../ids.ts';
import { keptInfo } from '../kept-info.ts';

/** Requires a consumer or producer to belong to its connection, and its session to exist. */
export function requireSession(
  host: OpenWireHost,
  id: Parameters<typeof sessionText>[0],
  what: 'consumer' | 'producer',
): void {
  const session = sessionText(id);
  if (id.connectionId !== host.connectionId) {
    const why = `the ${what} ${idText(id)} does not belong to connection ${host.connectionId}`;
    throw new OpenWireError('invalid', why, 'state');
  }
  if (isFirstSession(id.sessionId) || host.sessions.has(session)) return;
  const who = what === 'consumer' ? `${host.broker.brokerName} ` : '';
  const why = `${who}Cannot add a ${what} to a session that had not been registered: ${session}`;
  throw new OpenWireError('invalid', why, 'state');
}

/** Adds a consumer. */
export function addConsumer(host: OpenWireHost, info: ConsumerInfo): void {
  const { broker, dialect, access, consumers } = host;
  const id = requireId('consumer id', info.consumerId);
  requireSession(host, id, 'consumer');
  // A client that has connected again repeats the command.
  if (consumers.find(id) !== undefined) {
    host.respond(info, 0);
    return;
  }
  consumers.requireRoom(info);
  const request = readRequest(host, info);
  const isLenient = request.key === undefined && !request.destinations.some(isQueue);
  const consumer = new OpenWireConsumer(host, info, id, isLenient);
  const definedBefore = broker.store.definedGroup;
  if (info.browser) {
    const { destinations, selector } = request;
    const by = { access, owner: host };
    consumer.attach({ browse: dialect.browse(destinations, selector, consumer, by) });
  } else consumer.attach({ consumption: consume(host, request, consumer) });
  consumers.add(consumer);
  const { definedGroup } = broker.store;
  const isChanged = request.key !== undefined || definedGroup !== definedBefore;
  // The answer is sent before the first message.
  host.respond(info, isChanged ? definedGroup : 0, undefined, () => {
    // A client that is not told to pull would wait for ever.
    if (request.prefetch === 0 && info.prefetchSize > 0) {
      host.send(consumerControl({ consumerId: id, destination: info.destination, prefetch: 0 }));
    }
    const replay = host.shared.advisories.replay(consumer, request.destinations);
    host.gate.finishFirst(replay, () => consumer.begin());
  });
  host.shared.advisories.consumer({ ...keptInfo(info), selector: info.selector }, true);
}

function consume(host: OpenWireHost, request: ConsumeRequest, consumer: OpenWireConsumer) {
  try {
    return host.dialect.consume(request, consumer, host.access);
  } catch (thrown) {
    // Without a durable subscription, the lock is that of a temporary destination.
    const isLocked = thrown instanceof BrokerError && thrown.code === 'resource-locked';
    throw isLocked && request.key === undefined ? withClass(thrown, 'destination') : thrown;
  }
}

function readRequest(host: OpenWireHost, info: ConsumerInfo): ConsumeRequest {
  const { selector, subscriptionName, prefetchSize, priority } = info;
  const destinations = addressesOf(info.destination);
  // On a queue, the name of a subscription has no effect.
  const isDurable = subscriptionName !== undefined && !destinations.some(isQueue);
  requireShort('subscription name', subscriptionName);
  // The policy of the destination replaces ActiveMQ's default.
  const { clientPolicies } = host.dialect;
  const prefetch = info.browser
    ? prefetchSize
    : clientPolicies.prefetchOf(destinations, isDurable, prefetchSize);
  return {
    destinations,
    selector: selector === undefined || selector.trim() === '' ? undefined : parse(selector),
    isSettled: false,
    prefetch: Math.min(Math.max(prefetch, 0), host.broker.limits.unsettledCountMax),
    isExclusive: info.exclusive,
    priority,
    isNoLocal: info.noLocal,
    isRetroactive: info.retroactive,
    pendingCountMax: Math.max(0, info.maximumPendingMessageLimit),
    key: isDurable ? { clientId: host.clientId, name: subscriptionName } : undefined,
    owner: host,
    budget: host.budget,
  };
}

function parse(text: string): Selector {
  try {
    return new Selector(text, { convertsText: false });
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    // Clients are shown the selector, as by ActiveMQ.
    throw new OpenWireError('invalid', `${text}: ${error.message}`, 'selector', { cause: error });
  }
}

/** Changes a consumer. */
export function controlConsumer(host: OpenWireHost, command: ConsumerControl): void {
  const consumer = host.consumers.find(command.consumerId);
  if (consumer !== undefined && !command.close && !command.flush) {
    if (command.start) consumer.begin();
    else if (command.stop) consumer.isHeld = true;
    else {
      const { unsettledCountMax } = host.broker.limits;
      consumer.setPrefetch(Math.min(Math.max(command.prefetch, 0), unsettledCountMax));
    }
  }
  host.respond(command, 0);
}

/** Deletes a durable subscription. */
export function removeSubscription(host: OpenWireHost, command: RemoveSubscriptionInfo): void {
  const { subscriptionName: name = '' } = command;
  host.dialect.unsubscribe({ clientId: host.clientId, name }, host.access);
  host.respond(command, host.broker.store.definedGroup);
}
