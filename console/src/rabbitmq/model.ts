// What the management API answers, as far as the console shows it.

import type { JsonObject } from '../broker/facts.tsx';
import type { Details } from '../broker/history.tsx';

/** Counters of messages. They are missing until there was a message. */
export interface MessageStats {
  readonly publish_details?: Details;
  readonly deliver_get_details?: Details;
  readonly ack_details?: Details;
}

/** Numbers of messages. */
export interface QueueLengths {
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_ready_details?: Details;
  readonly messages_unacknowledged_details?: Details;
}

/** A queue or a stream. */
export interface Queue extends QueueLengths {
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly state: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly auto_delete: boolean;
  readonly arguments: JsonObject;
  readonly consumers?: number;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: JsonObject;
  readonly message_bytes?: number;
  readonly idle_since?: string;
  readonly message_stats?: MessageStats;
  readonly consumer_details?: readonly Consumer[];
}

/** A consumer. */
export interface Consumer {
  readonly consumer_tag: string;
  readonly ack_required: boolean;
  readonly active: boolean;
  readonly exclusive: boolean;
  readonly prefetch_count: number;
  readonly arguments: JsonObject;
  readonly channel_details: { readonly name: string; readonly connection_name: string };
  readonly queue: { readonly name: string; readonly vhost: string };
}

/** An exchange. */
export interface Exchange {
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: JsonObject;
  readonly policy?: string;
}

/** A binding. */
export interface Binding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
  readonly routing_key: string;
  readonly arguments: JsonObject;
  readonly properties_key: string;
}

/** A connection. */
export interface Connection {
  readonly name: string;
  readonly user: string;
  readonly vhost: string;
  readonly protocol: string;
  readonly state?: string;
  readonly channels?: number;
  readonly connected_at?: number;
  readonly peer_host?: string;
  readonly peer_port?: number;
  readonly ssl_protocol?: string | null;
  readonly auth_mechanism?: string;
  readonly timeout?: number;
  readonly frame_max?: number;
  readonly channel_max?: number;
  readonly user_provided_name?: string;
  readonly client_properties?: JsonObject;
  readonly recv_oct?: number;
  readonly send_oct?: number;
  readonly recv_oct_details?: Details;
  readonly send_oct_details?: Details;
}

/** A channel. */
export interface Channel {
  readonly name: string;
  readonly number: number;
  readonly user: string;
  readonly vhost: string;
  readonly state: string;
  readonly confirm: boolean;
  readonly transactional: boolean;
  readonly consumer_count: number;
  readonly prefetch_count: number;
  readonly global_prefetch_count: number;
  readonly messages_unacknowledged: number;
  readonly messages_unconfirmed: number;
  readonly messages_uncommitted: number;
  readonly acks_uncommitted: number;
  readonly connection_details: { readonly name: string };
  readonly message_stats?: MessageStats;
  readonly consumer_details?: readonly Consumer[];
}

/** A policy or an operator policy. */
export interface Policy {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly priority: number;
  readonly definition: JsonObject;
}

/** A virtual host. */
export interface Vhost extends QueueLengths {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly default_queue_type: string;
  readonly message_stats?: MessageStats;
}

/** A user. */
export interface User {
  readonly name: string;
  readonly tags: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** What a user may do in a virtual host. */
export interface Permission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** With which routing keys a user may use a topic exchange. */
export interface TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** A shovel. */
export interface Shovel {
  readonly name: string;
  readonly vhost: string;
  readonly state: string;
  readonly reason?: string;
  readonly timestamp: string;
  readonly src_uri?: string;
  readonly dest_uri?: string;
  readonly src_queue?: string;
  readonly src_exchange?: string;
  readonly dest_queue?: string;
  readonly dest_exchange?: string;
  readonly forwarded?: number;
}

/** A message that was got from a queue. */
export interface GotMessage {
  readonly payload: string;
  readonly payload_bytes: number;
  readonly payload_encoding: 'string' | 'base64';
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_count: number;
  readonly properties: JsonObject | readonly never[];
}

/** The default exchange in paths, whose name is empty. */
export const defaultExchange = 'amq.default';

/** The name of an exchange in paths. */
export function exchangePart(name: string): string {
  return name === '' ? defaultExchange : name;
}

/** The name of an exchange for people. */
export function exchangeText(name: string): string {
  return name === '' ? '(default)' : name;
}
