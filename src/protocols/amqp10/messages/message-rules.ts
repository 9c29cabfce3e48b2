// What the header of a received message means, which depends on the type of the broker.

import type { Entry } from '../codec/items.ts';

/** The rules for received messages. */
export interface MessageRules {
  /** Whether a message is durable whose sender does not say so. */
  readonly isDurableByDefault: boolean;
  /** The priority of a message without one. */
  readonly defaultPriority: number;
  /** The highest priority. */
  readonly priorityMax: number;
  /** Whether a time to live of 0 stands for no limit. */
  readonly isZeroUnlimited: boolean;
  /** Whether `absolute-expiry-time` limits the life of a message. */
  readonly hasAbsoluteExpiry: boolean;
  /** Whether a message must have a body section. */
  readonly requiresBody: boolean;
  /** Texts by which annotations and application properties are recognised that the broker reads. */
  readonly annotationMark: Buffer;
  readonly propertyMark: Buffer | undefined;
}

/** The maps of a message that contain a mark. */
export interface MarkedMaps {
  readonly annotations: readonly Entry[];
  readonly properties: readonly Entry[];
}
