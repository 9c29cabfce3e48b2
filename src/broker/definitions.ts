// Changes of definitions in the log.

import { assert } from '../base/assert.ts';
import type { Arguments } from './arguments.ts';
import { describe } from './errors.ts';
import type { ExchangeOptions } from './exchanges/exchange.ts';
import { exchangeType } from './exchanges/types/registry.ts';
import type { AnyHeldChange } from './held/held-changes.ts';
import type { ProducerChange } from './publishing/producer-sequences.ts';
import type { QueueOptions } from './queue-options.ts';
import type { ParameterChange } from './rabbitmq/parameters.ts';
import type { SessionChange } from './sessions/stored-session.ts';
import type { SettingsChange } from './settings/settings.ts';
import type { UserChange } from './users.ts';
import type { Vhost } from './vhost.ts';
import { applyQueueOptions } from './vhosts/changed-options.ts';
import type { VhostMetadata } from './vhosts/vhost-metadata.ts';

/** A change in one virtual host, as stored in the log. */
export type VhostChange =
  | { kind: 'queue'; vhost: string; name: string; number: number; options: QueueOptions }
  | { kind: 'queue-deleted'; vhost: string; name: string }
  | {
      kind: 'exchange';
      vhost: string;
      name: string;
      type: string;
      options: ExchangeOptions;
    }
  | { kind: 'exchange-deleted'; vhost: string; name: string }
  | SettingsChange
  /** All messages were deleted because a revision of the configuration asked for it. */
  | { kind: 'messages-deleted'; vhost: string; reason: string }
  | {
      kind: 'bound' | 'unbound';
      vhost: string;
      source: string;
      to: 'queue' | 'exchange';
      destination: string;
      routingKey: string;
      arguments: Arguments;
    };

/** A change of definitions, as stored in the log. */
export type Change =
  | VhostChange
  | UserChange
  | AnyHeldChange
  | ProducerChange
  | SessionChange
  | ParameterChange
  /** The initial definitions of a new broker were created. */
  | { kind: 'founded' }
  /** A start: from now on, messages may be delivered without a record in the log. */
  | { kind: 'started' }
  | { kind: 'counter'; queueNumber: number }
  /** Metadata is missing if there was none, and in the logs of older releases. */
  | { kind: 'vhost'; vhost: string; metadata?: VhostMetadata }
  | { kind: 'vhost-deleted'; vhost: string };

/** Applies a change to its virtual host. If that is missing, a later change deletes it. */
export function applyToVhost(vhost: Vhost | undefined, change: VhostChange): void {
  if (vhost === undefined) return;
  switch (change.kind) {
    case 'queue': {
      const queue = vhost.queues.get(change.name);
      if (queue === undefined) vhost.addQueue(change.name, change.options, change.number);
      else if (queue.index.number === change.number) {
        applyQueueOptions(vhost, queue, change.options);
      }
      return;
    }
    case 'queue-deleted': {
      const queue = vhost.queues.get(change.name);
      if (queue !== undefined) vhost.removeQueue(queue);
      return;
    }
    case 'exchange':
      applyExchange(vhost, change);
      return;
    case 'exchange-deleted': {
      const exchange = vhost.exchanges.get(change.name);
      if (exchange !== undefined) vhost.removeExchange(exchange);
      return;
    }
    case 'policy':
    case 'policy-deleted':
    case 'vhost-limit':
      vhost.settings.apply(change);
      return;
    case 'messages-deleted':
      vhost.messagesDeletedFor = change.reason;
      return;
    case 'bound':
    case 'unbound':
      applyBinding(vhost, change);
  }
}

function applyExchange(vhost: Vhost, change: Extract<VhostChange, { kind: 'exchange' }>): void {
  const { name, type: typeName, options } = change;
  if (vhost.exchanges.has(name)) return;
  const type = exchangeType(typeName);
  const subject = describe('exchange', name, vhost.name);
  assert(type !== undefined, `${subject} is of type '${typeName}', which this release lacks`);
  vhost.addExchange(name, type, options);
}

type BindingChange = Extract<VhostChange, { kind: 'bound' | 'unbound' }>;

function applyBinding(vhost: Vhost, change: BindingChange): void {
  const source = vhost.exchanges.get(change.source);
  const targets = change.to === 'queue' ? vhost.queues : vhost.exchanges;
  const target = targets.get(change.destination);
  if (source === undefined || target === undefined) return;
  if (change.kind === 'bound') vhost.bind(source, target, change.routingKey, change.arguments);
  else vhost.unbind(source, target, change.routingKey, change.arguments);
}
