import type { EngineType } from '../offers/offer.ts';

/** A configuration without its revisions; plain JSON, as the journal keeps it. */
export interface ConfigurationRecord {
  /** `c-` and a lower-case UUID. */
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

/** One revision of a configuration; it never changes. */
export interface RevisionRecord {
  /** From 1, without gaps. */
  readonly revision: number;
  readonly createdMs: number;
  readonly description: string;
  /** XML for ActiveMQ's type, `key = value` lines for RabbitMQ's. */
  readonly text: string;
}

/** A change to the journal of configurations. */
export type ConfigurationChange =
  /** Its revisions follow. */
  | { readonly created: ConfigurationRecord }
  | { readonly revised: string; readonly revision: RevisionRecord }
  | { readonly tagged: string; readonly tags: Readonly<Record<string, string>> }
  | { readonly removed: string };
