// Pages of the list of durable subscriptions.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import { storedSelectorOf } from '../../broker/activemq/topic-consumers.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import { shownKeyOf } from '../../broker/topics/topic-subscriptions.ts';
import type { Answer } from '../answers.ts';
import { listedDestinationCountMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { cut } from './cut.ts';
import { type Subscriber, subscribersOf } from './destinations.ts';
import { pageAnswer } from './paging.ts';

/** `GET /admin/api/subscribers` */
export function listSubscribers(request: ConsoleRequest): Promise<Answer> {
  const { dialect } = request.console;
  return pageAnswer<Subscriber>(request, {
    name: 'subscribers',
    items: subscribersOf(dialect),
    columns: {
      clientId: (subscriber) => keyOf(subscriber).clientId,
      subscriptionName: (subscriber) => keyOf(subscriber).name,
      pendingCount: ({ queue }) => queue.readyCount,
      enqueueCount: ({ queue }) => queue.publishedCount,
      dequeueCount: ({ queue }) => queue.settledCount,
      isActive: ({ queue }) => Number(queue.consumerCount > 0),
    },
    text: (subscriber) => `${keyOf(subscriber).clientId}:${keyOf(subscriber).name}`,
    write: (subscriber) => shown(dialect, subscriber),
  });
}

function keyOf({ queue }: Subscriber) {
  return shownKeyOf(queue) ?? { clientId: '', name: '' };
}

function shown(dialect: ActiveMq, subscriber: Subscriber): object {
  const { queue, connectionId } = subscriber;
  const { clientId, name } = keyOf(subscriber);
  const selector = storedSelectorOf(queue);
  // A session of MQTT may have many.
  const topics: string[] = [];
  for (const address of dialect.topicsOf(queue)) {
    if (topics.push(address.name) >= listedDestinationCountMax) break;
  }
  return {
    clientId,
    subscriptionName: name,
    connectionId,
    topics,
    selector: selector === undefined ? null : cut(selector),
    isActive: queue.consumerCount > 0,
    pendingCount: queue.readyCount,
    inFlightCount: unsettledCount(queue),
    enqueueCount: queue.publishedCount,
    dequeueCount: queue.settledCount,
  };
}
