// The broker as a whole.

import { isTopicQueue } from '../../broker/activemq/topic-consumers.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import { inSlices, itemsPerStep } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { type Console, isShown } from '../console.ts';
import { historiesOf } from '../rates.ts';
import type { ConsoleRequest } from '../request.ts';

/** `GET /admin/api/overview`: the broker, its counts, its limits, and its rates over time */
export async function getOverview({ console }: ConsoleRequest): Promise<Answer> {
  const { broker, dialect, rates } = console;
  rates.ask();
  const counts = await inSlices(broker.background, count(console));
  const { published } = broker.counters;
  return jsonAnswer({
    name: broker.brokerName,
    version: broker.engineVersion,
    uptimeSeconds: Math.floor(console.uptimeSeconds()),
    ...counts,
    connectionCount: broker.clientConnections.size,
    consumerCount: dialect.consumptions.size,
    topicCount: dialect.advising.topics.size,
    scheduledCount: broker.schedules.of(dialect.vhost.name).count,
    hasScheduler: dialect.settings.hasScheduler,
    publishedCount: published,
    usage: usageOf(console),
    blockedReason: broker.flow.blockedReason ?? null,
    histories: historiesOf(rates.total),
  });
}

function* count({ dialect }: Console): Generator<void, object> {
  let queueCount = 0;
  let subscriberCount = 0;
  let size = 0;
  let inFlightCount = 0;
  let seenCount = 0;
  for (const queue of dialect.vhost.queues.values()) {
    if (++seenCount % itemsPerStep === 0) yield;
    size += queue.readyCount;
    inFlightCount += unsettledCount(queue);
    if (isShown(queue)) queueCount++;
    else if (isTopicQueue(queue) && queue.index.isDurable) subscriberCount++;
  }
  return { queueCount, subscriberCount, readyCount: size, inFlightCount };
}

/** Bytes in use, and the limits of `systemUsage`; null for no limit. */
function usageOf({ broker, dialect }: Console): object {
  const { memoryBytesMax, storeBytesMax, tempBytesMax } = dialect.settings.system;
  const { transientBytes, storedBytes } = broker.store.log.usage;
  const usage = (usedBytes: number, limitBytes: number) => ({
    usedBytes,
    limitBytes: Number.isFinite(limitBytes) ? limitBytes : null,
  });
  return {
    memory: usage(transientBytes, memoryBytesMax),
    store: usage(storedBytes, storeBytesMax),
    temp: usage(transientBytes, tempBytesMax),
  };
}
