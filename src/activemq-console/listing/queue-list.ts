// Queues with their counts: pages of the list, and one of them.

import type { Queue } from '../../broker/queue.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import { itemsPerStep } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { historiesOf, ratesOf } from '../rates.ts';
import type { ConsoleRequest } from '../request.ts';
import { countsOf, queuesOf } from './destinations.ts';
import { pageAnswer } from './paging.ts';

/** `GET /admin/api/queues`; with `deadLetters=true`, only the queues of dead letters */
export function listQueues(request: ConsoleRequest): Promise<Answer> {
  const { console } = request;
  console.rates.ask();
  return pageAnswer(request, {
    name: 'queues',
    items:
      request.field('deadLetters') === 'true'
        ? deadLetterQueues(request)
        : queuesOf(console.dialect),
    columns: {
      name: ({ name }) => name,
      size: (queue) => countsOf(queue).size,
      inFlightCount: unsettledCount,
      consumerCount: (queue) => queue.consumerCount,
      enqueueCount: (queue) => queue.publishedCount,
      dequeueCount: (queue) => queue.settledCount,
    },
    write: (queue) => shownQueue(request, queue),
  });
}

function* deadLetterQueues({ console }: ConsoleRequest): Generator<void, Queue[]> {
  const all = yield* queuesOf(console.dialect);
  const found: Queue[] = [];
  let count = 0;
  for (const queue of all) {
    if (++count % itemsPerStep === 0) yield;
    if (console.deadLetterNames.has(queue.name)) found.push(queue);
  }
  return found;
}

function shownQueue({ console }: ConsoleRequest, queue: Queue): object {
  return {
    name: queue.name,
    ...countsOf(queue),
    inFlightCount: unsettledCount(queue),
    isDeadLetterQueue: console.deadLetterNames.has(queue.name),
    ...ratesOf(console.rates.ofQueue(queue)),
  };
}

/** `GET /admin/api/queues/{name}`: one queue, with the history of its rates */
export function getQueue(request: ConsoleRequest): Answer {
  const { console } = request;
  const queue = console.queue(request.label('name'));
  console.rates.ask();
  return jsonAnswer({
    ...shownQueue(request, queue),
    readyCount: queue.readyCount,
    readyBytes: queue.readyBytes,
    delayedCount: queue.delayed?.count ?? 0,
    dispatchCount: queue.deliveredCount,
    histories: historiesOf(console.rates.watchQueue(queue)),
  });
}
