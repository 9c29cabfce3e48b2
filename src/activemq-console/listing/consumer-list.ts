// Pages of the list of consumers.

import type { Consumption } from '../../broker/activemq/consumption.ts';
import { qualifiedName } from '../../broker/activemq/destination.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import { itemsPerStep } from '../../management/slices.ts';
import type { Answer } from '../answers.ts';
import { listedDestinationCountMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { connectionIdOf } from './connection-list.ts';
import { cut } from './cut.ts';
import { pageAnswer } from './paging.ts';

/** Maximum number of sources whose messages one item sums. */
const summedCountMax = 100;

/**
 * `GET /admin/api/consumers`: all, or those of the `queue` or `topic` with a name, or of the
 * `connection` with an id
 */
export function listConsumers(request: ConsoleRequest): Promise<Answer> {
  return pageAnswer<Consumption>(request, {
    name: 'consumers',
    items: consumersOf(request),
    columns: {
      destinations: destinationsText,
      connectionId: (consumption) => ownerOf(request, consumption) ?? '',
      inFlightCount,
      prefetch: ({ request: { prefetch } }) => prefetch,
      priority: ({ request: { priority } }) => priority,
    },
    write: (consumption) => shown(request, consumption),
  });
}

function* consumersOf(request: ConsoleRequest): Generator<void, Consumption[]> {
  const found: Consumption[] = [];
  const queue = request.field('queue');
  const topic = request.field('topic');
  const connection = request.field('connection');
  let count = 0;
  for (const consumption of request.console.dialect.consumptions) {
    if (++count % itemsPerStep === 0) yield;
    const { destinations } = consumption.request;
    if (connection !== '' && ownerOf(request, consumption) !== connection) continue;
    // Topics with wildcards are not resolved here.
    if (topic !== '' && !destinations.some(({ kind, name }) => kind === 'topic' && name === topic))
      continue;
    if (queue !== '' && !(yield* consumes(consumption, queue))) continue;
    found.push(consumption);
  }
  return found;
}

/** Whether a consumer gets the messages of a queue, perhaps because of wildcards. */
function* consumes({ sources }: Consumption, queueName: string): Generator<void, boolean> {
  let count = 0;
  for (const { queue, isTopic } of sources) {
    if (!isTopic && queue.name === queueName) return true;
    if (++count % itemsPerStep === 0) yield;
  }
  return false;
}

function destinationsText({ request: { destinations } }: Consumption): string {
  return destinations.slice(0, listedDestinationCountMax).map(qualifiedName).join(', ');
}

/** The messages that a consumer has; of one with many queues, those of the first ones. */
function inFlightCount({ sources }: Consumption): number {
  let sum = 0;
  let count = 0;
  for (const { subscription } of sources) {
    sum += subscription.unsettledCount;
    if (++count >= summedCountMax) break;
  }
  return sum;
}

/** The id of the connection of a consumer; null if it has none, such as a session of MQTT. */
function ownerOf({ console }: ConsoleRequest, { request }: Consumption): string | null {
  const owner = request.owner as ClientConnection; // if it is one of the connections
  return console.broker.clientConnections.has(owner) ? connectionIdOf(owner) : null;
}

function shown(request: ConsoleRequest, consumption: Consumption): object {
  const { destinations, selector, prefetch, priority, key, isExclusive, isNoLocal } =
    consumption.request;
  return {
    destinations: destinations.slice(0, listedDestinationCountMax).map(qualifiedName),
    destinationCount: destinations.length,
    connectionId: ownerOf(request, consumption),
    subscriptionName: key === undefined ? null : cut(key.name),
    selector: selector === undefined ? null : cut(selector.text),
    // JSON has no Infinity.
    prefetch: Number.isFinite(prefetch) ? prefetch : null,
    priority,
    isExclusive,
    isNoLocal,
    inFlightCount: inFlightCount(consumption),
  };
}
