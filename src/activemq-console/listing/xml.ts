// The lists in ActiveMQ's XML: /admin/xml/queues.jsp, topics.jsp and subscribers.jsp.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import { storedSelectorOf } from '../../broker/activemq/topic-consumers.ts';
import { shownKeyOf } from '../../broker/topics/topic-subscriptions.ts';
import type { Background } from '../../broker/turns/background.ts';
import { inSlices } from '../../management/slices.ts';
import { type Answer, xmlStream } from '../answers.ts';
import type { ConsoleRequest } from '../request.ts';
import {
  countsOf,
  type DestinationCounts,
  queuesOf,
  type Subscriber,
  subscribersOf,
  topicsOf,
} from './destinations.ts';
import { escaped } from './markup.ts';

/** Number of items that are written as one piece. */
const itemsPerPiece = 64;
/** Units for writing one item besides those of a step. */
const itemUnits = 16;

/** `GET /admin/xml/queues.jsp` */
export function queuesXml(request: ConsoleRequest): Promise<Answer> {
  const { dialect } = request.console;
  return listOf(request, 'queues', queuesOf(dialect), (queue) =>
    destinationXml('queue', queue.name, countsOf(queue)),
  );
}

/** `GET /admin/xml/topics.jsp` */
export function topicsXml(request: ConsoleRequest): Promise<Answer> {
  return listOf(request, 'topics', topicsOf(request.console.dialect), (topic) =>
    destinationXml('topic', topic.name, topic),
  );
}

/** `GET /admin/xml/subscribers.jsp` */
export function subscribersXml(request: ConsoleRequest): Promise<Answer> {
  const { dialect } = request.console;
  return listOf(request, 'subscribers', subscribersOf(dialect), (subscriber) =>
    subscriberXml(dialect, subscriber),
  );
}

/** Writes a list piece by piece: the next one when the client has taken the previous one. */
async function listOf<Item>(
  { console, access }: ConsoleRequest,
  name: string,
  finding: Generator<void, Item[]>,
  write: (item: Item) => string,
): Promise<Answer> {
  const { background } = console.broker;
  console.largeAnswers.requireRoom(access.user);
  const items = await inSlices(background, finding);
  const stream = pieces(background, name, items, write);
  return console.largeAnswers.counted(access.user, xmlStream(stream));
}

async function* pieces<Item>(
  background: Background,
  name: string,
  items: readonly Item[],
  write: (item: Item) => string,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`<${name}>\n`);
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    const some = items.slice(at, at + itemsPerPiece);
    yield Buffer.from(await inSlices(background, written(background, some, write)));
  }
  yield Buffer.from(`</${name}>\n`);
}

function* written<Item>(
  background: Background,
  items: readonly Item[],
  write: (item: Item) => string,
): Generator<void, string> {
  let text = '';
  for (const item of items) {
    background.spend(itemUnits);
    text += write(item);
    yield;
  }
  return text;
}

function destinationXml(kind: 'queue' | 'topic', name: string, counts: DestinationCounts): string {
  const { size, consumerCount, enqueueCount, dequeueCount } = counts;
  const feed = (type: string) => escaped(`queueBrowse/${name}?view=rss&feedType=${type}`);
  return `<${kind} name="${escaped(name)}">
<stats size="${size}" consumerCount="${consumerCount}" enqueueCount="${enqueueCount}" dequeueCount="${dequeueCount}"/>
<feed><atom>${feed('atom_1.0')}</atom><rss>${feed('rss_2.0')}</rss></feed>
</${kind}>
`;
}

function subscriberXml(dialect: ActiveMq, { queue, connectionId }: Subscriber): string {
  const { clientId = '', name = '' } = shownKeyOf(queue) ?? {};
  const topics = [...dialect.topicsOf(queue)].map((address) => address.name);
  const { readyCount } = queue;
  const attributes = {
    clientId,
    subscriptionName: name,
    connectionId,
    destinationName: topics.join(','),
    selector: storedSelectorOf(queue) ?? '',
    active: queue.consumerCount > 0 ? 'yes' : 'no',
  };
  const stats = {
    pendingQueueSize: readyCount,
    dispatchedQueueSize: queue.index.count - readyCount - (queue.disposal?.count ?? 0),
    dispatchedCounter: queue.deliveredCount,
    enqueueCounter: queue.publishedCount,
    dequeueCounter: queue.settledCount,
  };
  return `<subscriber ${listed(attributes)}>
<stats ${listed(stats)}/>
</subscriber>
`;
}

function listed(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(' ');
}
