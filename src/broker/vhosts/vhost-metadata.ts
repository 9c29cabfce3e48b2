// What is stored about a virtual host besides its contents.

import { requireShortName } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import type { QueueType } from '../queue-options.ts';

/** The description of a virtual host. */
export interface VhostMetadata {
  /** Empty by default. */
  readonly description: string;
  readonly tags: readonly string[];
  /** The type of queues declared without `x-queue-type`; undefined for the default of the engine. */
  readonly defaultQueueType: QueueType | undefined;
  /** Whether it cannot be deleted; undefined if that was never stated. */
  readonly isProtected: boolean | undefined;
}

/** The metadata of a virtual host that was given none. */
export const noMetadata: VhostMetadata = Object.freeze({
  description: '',
  tags: Object.freeze([]),
  defaultQueueType: undefined,
  isProtected: undefined,
});

const queueTypes: readonly (QueueType | undefined)[] = ['classic', 'quorum', 'stream', undefined];

/**
 * Returns metadata with changes. What is left out keeps its value.
 *
 * @param bytesMax maximum size of the result as JSON, bytes
 * @throws {BrokerError} `precondition-failed`
 */
export function changedMetadata(
  before: VhostMetadata,
  changes: Partial<VhostMetadata>,
  bytesMax: number,
): VhostMetadata {
  const { description = before.description, tags = before.tags } = changes;
  const { isProtected = before.isProtected } = changes;
  const defaultQueueType =
    'defaultQueueType' in changes ? changes.defaultQueueType : before.defaultQueueType;
  const changed = { description, tags, defaultQueueType, isProtected };
  for (const tag of tags) requireShortName('tag of a vhost', tag);
  if (!queueTypes.includes(defaultQueueType)) {
    throw new BrokerError(
      'precondition-failed',
      `unsupported default queue type '${String(defaultQueueType).slice(0, 100)}'`,
    );
  }
  const bytes = Buffer.byteLength(JSON.stringify(changed));
  if (bytes <= bytesMax) return changed;
  const text = `the description and tags of a vhost have ${bytes} bytes; ${bytesMax} are allowed`;
  throw new BrokerError('precondition-failed', text);
}

/** Returns stored metadata, which may lack what is undefined. */
export function storedMetadata({
  description,
  tags,
  defaultQueueType,
  isProtected,
}: VhostMetadata): VhostMetadata {
  return { description, tags, defaultQueueType, isProtected };
}
