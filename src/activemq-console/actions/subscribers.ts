// Durable subscriptions are created and deleted.

import { controlIn, namedDestination } from '../../broker/activemq/destination.ts';
import { Selector } from '../../broker/activemq/selectors/selector.ts';
import type { SubscriptionKey } from '../../broker/topics/topic-subscriptions.ts';
import { committed } from '../../management/commit.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { badRequest, ConsoleError } from '../errors.ts';
import { subscriptionNameLengthMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { audited } from './operation.ts';

/** Receives no messages: it stands for a consumer that has gone. */
const nobody = { isWritable: false, deliver: () => {}, ended: () => {} };

/**
 * `POST /admin/createSubscriber.action`: `clientId`, `subscriberName`, the topic `JMSDestination`, and
 * perhaps a `selector`
 */
export async function createSubscriber(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const { broker, dialect } = console;
  const key = keyOf(request);
  const topic = namedDestination(request.field('JMSDestination'), 'topic');
  if (dialect.durableSubscription(key, access) !== undefined) {
    throw new ConsoleError('conflict', 'there is a subscription with this client ID and name');
  }
  const text = request.field('selector');
  const consumed = {
    destinations: [topic],
    selector: text === '' ? undefined : new Selector(text, { convertsText: false }),
    isSettled: false,
    prefetch: 0,
    isExclusive: false,
    priority: 0,
    isNoLocal: false,
    key,
    owner: request,
    budget: { left: 1 },
  };
  const { clientId, name } = key;
  const operation = {
    name: 'createDurableSubscriber',
    arguments: [clientId, name, topic.name, text],
  };
  await audited(request, operation, async () => {
    const consumption = dialect.consume(consumed, nobody, access);
    dialect.advising.destination(topic, true);
    broker.background.run(dialect.release(consumption));
    await committed(broker);
  });
  return jsonAnswer({ clientId, subscriptionName: name });
}

/** `POST /admin/deleteSubscriber.action`: `clientId` and `subscriberName`. It must have no consumer. */
export async function deleteSubscriber(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const { broker, dialect } = console;
  const key = keyOf(request);
  const { clientId, name } = key;
  if (dialect.durableSubscription(key, access) === undefined) {
    throw new ConsoleError('not-found', 'there is no subscription with this client ID and name');
  }
  const operation = { name: 'destroyDurableSubscriber', arguments: [clientId, name] };
  await audited(request, operation, async () => {
    dialect.unsubscribe(key, access);
    await committed(broker);
  });
  return jsonAnswer({ clientId, subscriptionName: name });
}

/** @throws {ConsoleError} `bad-request` */
function keyOf(request: ConsoleRequest): SubscriptionKey {
  const [clientId, name] = [request.field('clientId'), request.field('subscriberName')];
  for (const [field, value] of Object.entries({ clientId, subscriberName: name })) {
    if (value.length > subscriptionNameLengthMax) {
      const allowed = `at most ${subscriptionNameLengthMax} are allowed`;
      throw badRequest(`${field} has ${value.length} characters; ${allowed}`);
    }
    const control = controlIn(value);
    if (control !== undefined)
      throw badRequest(`${field} contains the control character ${control}`);
  }
  // A client's only subscription without a name is a session of MQTT.
  if (clientId !== '' && name !== '') return { clientId, name };
  throw badRequest(`${clientId === '' ? 'clientId' : 'subscriberName'} is empty`);
}
