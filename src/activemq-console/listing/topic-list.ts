// Topics with the counts of their subscriptions: pages of the list, and one of them.

import { namedDestination, qualifiedName } from '../../broker/activemq/destination.ts';
import { inSlices } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { ConsoleError } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';
import { type Topic, topicsOf } from './destinations.ts';
import { pageAnswer } from './paging.ts';

/** `GET /admin/api/topics` */
export function listTopics(request: ConsoleRequest): Promise<Answer> {
  return pageAnswer<Topic>(request, {
    name: 'topics',
    items: topicsOf(request.console.dialect),
    columns: {
      name: ({ name }) => name,
      size: ({ size }) => size,
      consumerCount: ({ consumerCount }) => consumerCount,
      enqueueCount: ({ enqueueCount }) => enqueueCount,
      dequeueCount: ({ dequeueCount }) => dequeueCount,
    },
    write: (topic) => topic,
  });
}

/** `GET /admin/api/topics/{name}` */
export async function getTopic(request: ConsoleRequest): Promise<Answer> {
  const address = namedDestination(request.label('name'), 'topic');
  const { broker, dialect } = request.console;
  const topics = await inSlices(broker.background, topicsOf(dialect));
  const found = topics.find(({ name }) => name === address.name);
  if (found !== undefined) return jsonAnswer(found);
  throw new ConsoleError('not-found', `there is no ${qualifiedName(address)}`);
}
