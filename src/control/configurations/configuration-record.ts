// Stored records of configurations.

import type { EngineType } from '../offers/offer.ts';

/** A configuration without its revisions, as JSON in the journal. */
export interface ConfigurationRecord {
  /** `c-` followed by a lower-case UUID. */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly createdMs: number;
  readonly description: string;
  readonly engineType: EngineType;
  readonly engineVersion: string;
  readonly authenticationStrategy: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A revision of a configuration, which never changes. */
export interface RevisionRecord {
  /** Starts from 1, without gaps. */
  readonly revision: number;
  readonly createdMs: number;
  readonly description: string;
  /** XML for ActiveMQ, lines `key = value` for RabbitMQ. */
  readonly text: string;
}

/** A change to the journal of configurations. */
export type ConfigurationChange =
  /** Changes with its revisions follow. */
  | { readonly created: ConfigurationRecord }
  | { readonly revised: string; readonly revision: RevisionRecord }
  | { readonly tagged: string; readonly tags: Readonly<Record<string, string>> }
  | { readonly removed: string };
