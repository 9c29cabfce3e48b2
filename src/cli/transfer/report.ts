// What commands that move messages print about the result.

import type { CopiedDefinitions } from '../../transfer/moving/definitions-copy.ts';
import type { MovedCounts, MoveResult } from '../../transfer/moving/move.ts';

/** Entries that are listed by name. */
const listedMax = 50;

/** Prints what was copied of definitions. */
export function reportDefinitions({
  counts,
  skipped,
  refused,
  ownHashes,
}: CopiedDefinitions): void {
  const shown = Object.entries(counts).filter(([, count]) => count > 0);
  console.log(`definitions: ${shown.map(([name, count]) => `${count} ${name}`).join(', ')}`);
  for (const { section, name, reason } of skipped.slice(0, listedMax)) {
    console.log(`left out of ${section}: ${name}: ${reason}`);
  }
  for (const { section, name, reason } of refused.slice(0, listedMax)) {
    console.error(`refused of ${section}: ${name}: ${reason}`);
  }
  if (ownHashes.length > 0) {
    const names = ownHashes.slice(0, listedMax).join(', ');
    console.log(`users who need a new password if the target is a RabbitMQ: ${names}`);
  }
  const hidden = Math.max(0, skipped.length - listedMax) + Math.max(0, refused.length - listedMax);
  if (hidden > 0) console.log(`and ${hidden} more`);
}

/** Prints how many messages were moved, such as `3 messages of 2 queues moved, 4.8 MiB`. */
export function reportTotal({ messageCount, bytes, redeliveredCount }: MovedCounts, what: string) {
  console.log(`${messageCount} messages ${what}, ${mib(bytes)}`);
  if (redeliveredCount === 0) return;
  const why = 'had been delivered before; some may have been moved twice';
  console.log(`${redeliveredCount} of them ${why}`);
}

/** Prints queues whose messages are never moved. */
export function reportOthers(others: MoveResult['others']): void {
  for (const { vhost, name, messageCount: count, reason } of others) {
    if (count > 0) console.log(`${name} in ${vhost}: ${count} messages stay: ${reason}`);
  }
}

/** Bytes as MiB. */
export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
