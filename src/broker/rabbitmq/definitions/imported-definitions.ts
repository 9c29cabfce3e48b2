// The import of one entry of definitions.

import { BrokerError } from '../../errors.ts';
import type { QueueType } from '../../queue-options.ts';
import { applyTargets, type Policy } from '../../settings/policy.ts';
import type { PolicyDefinition, PolicyValue } from '../../settings/policy-keys.ts';
import type { VhostMetadata } from '../../vhosts/vhost-metadata.ts';
import type { Administration } from '../administration.ts';
import type { DefinitionsSection } from '../definitions-transfer.ts';
import type { JsonObject, JsonValue, NewCredentials } from '../model.ts';
import { EntryReader } from './entry-reader.ts';
import { ownHashField, specialComponents } from './sections.ts';

type Importer = (
  administration: Administration,
  entry: EntryReader,
  /** The virtual host of an entry. */
  vhostOf: () => string,
  /** The user that imports; undefined for the operator. */
  importer: string | undefined,
) => unknown;

/**
 * Applies one entry.
 *
 * @param vhost the virtual host of entries that do not name theirs; undefined if all must
 * @throws {BrokerError} if it is malformed or refused
 */
export async function importEntry(
  administration: Administration,
  section: DefinitionsSection,
  value: JsonValue,
  vhost: string | undefined,
  importer?: string,
): Promise<void> {
  const entry = new EntryReader(value);
  await importers[section](administration, entry, () => vhost ?? entry.text('vhost'), importer);
}

/** Reads the credentials of a user. */
export function readCredentials(entry: EntryReader): NewCredentials {
  if (entry.has(ownHashField)) return { ownHash: entry.text(ownHashField) };
  if (entry.has('password_hash')) {
    const hashingAlgorithm = entry.has('hashing_algorithm')
      ? entry.text('hashing_algorithm')
      : undefined;
    return { passwordHash: entry.text('password_hash'), hashingAlgorithm };
  }
  return entry.has('password') ? { password: entry.text('password') } : { none: true };
}

/** Reads the metadata of a virtual host. What is missing is left out. */
export function readMetadata(entry: EntryReader): Partial<VhostMetadata> {
  const inner = new EntryReader(entry.object('metadata'));
  const from = (name: string) => (entry.has(name) ? entry : inner.has(name) ? inner : undefined);
  const type = from('default_queue_type')?.text('default_queue_type');
  const description = from('description')?.text('description');
  const tags = from('tags')?.words('tags');
  const protection = 'protected_from_deletion';
  return {
    ...(inner.has(protection) && { isProtected: inner.bool(protection, false) }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(type !== undefined && { defaultQueueType: defaultTypes.get(type) ?? unsupported(type) }),
  };
}

const defaultTypes: ReadonlyMap<string, QueueType> = new Map<string, QueueType>([
  ['classic', 'classic'],
  ['rabbit_classic_queue', 'classic'],
  ['quorum', 'quorum'],
  ['rabbit_quorum_queue', 'quorum'],
  ['stream', 'stream'],
  ['rabbit_stream_queue', 'stream'],
]);

function unsupported(type: string): undefined {
  if (type === 'undefined') return undefined;
  const text = `unsupported default queue type '${type.slice(0, 100)}'`;
  throw new BrokerError('precondition-failed', text);
}

/** Reads a policy. Its values are checked when it is set. */
export function readPolicy(name: string, entry: EntryReader): Policy {
  const target = entry.text('apply-to', 'all');
  const applyTo = applyTargets.find((known) => known === target);
  if (applyTo === undefined) {
    const text = `policies cannot apply to '${target.slice(0, 100)}'`;
    throw new BrokerError('precondition-failed', text);
  }
  return {
    name,
    pattern: entry.text('pattern'),
    applyTo,
    priority: entry.number('priority', 0),
    definition: definitionOf(entry.object('definition')),
  };
}

function definitionOf(fields: JsonObject): PolicyDefinition {
  const found: [string, PolicyValue][] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (!isPolicyValue(value)) {
      const text = `the value of '${key.slice(0, 100)}' in a policy is not a text, number, boolean or list of texts`;
      throw new BrokerError('precondition-failed', text);
    }
    found.push([key, value]);
  }
  return Object.fromEntries(found);
}

function isPolicyValue(value: JsonValue): value is PolicyValue {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string');
  return value !== null && typeof value !== 'object';
}

/** The value of a limit, which is checked when it is set. */
function limitOf(value: JsonValue): number {
  return typeof value === 'number' ? value : Number.NaN;
}

const importers: Readonly<Record<DefinitionsSection, Importer>> = {
  users: async ({ users }, entry, _, importer) => {
    const name = entry.text('name');
    await users.import(name, readCredentials(entry), entry.words('tags'), importer === name);
    for (const [limit, value] of Object.entries(entry.object('limits'))) {
      users.setLimit(name, limit, limitOf(value));
    }
  },
  vhosts: ({ vhosts }, entry) => {
    vhosts.put(entry.text('name'), readMetadata(entry));
  },
  permissions: ({ users }, entry, vhostOf) => {
    const [configure, write, read] = ['configure', 'write', 'read'].map((name) => entry.text(name));
    users.setPermission(entry.text('user'), vhostOf(), {
      configure: configure ?? '',
      write: write ?? '',
      read: read ?? '',
    });
  },
  topic_permissions: ({ users }, entry, vhostOf) => {
    const permission = { write: entry.text('write'), read: entry.text('read') };
    users.setTopicPermission(entry.text('user'), vhostOf(), entry.text('exchange'), permission);
  },
  parameters: importParameter,
  global_parameters: ({ parameters }, entry) => {
    parameters.putGlobal(entry.text('name'), entry.value('value'));
  },
  policies: ({ policies }, entry, vhostOf) => {
    policies.put({ isOperator: false }, vhostOf(), readPolicy(entry.text('name'), entry));
  },
  exchanges: ({ topology }, entry, vhostOf) => {
    topology.declareExchange(vhostOf(), entry.text('name'), {
      type: entry.text('type', 'direct'),
      durable: entry.bool('durable', true),
      autoDelete: entry.bool('auto_delete', false),
      internal: entry.bool('internal', false),
      arguments: entry.object('arguments'),
    });
  },
  queues: ({ topology }, entry, vhostOf) => {
    topology.declareQueue(vhostOf(), entry.text('name'), {
      durable: entry.bool('durable', true),
      autoDelete: entry.bool('auto_delete', false),
      arguments: entry.object('arguments'),
    });
  },
  bindings: ({ topology }, entry, vhostOf) => {
    topology.bind(vhostOf(), {
      source: entry.text('source'),
      destinationType:
        entry.text('destination_type', 'queue') === 'exchange' ? 'exchange' : 'queue',
      destination: entry.text('destination'),
      routingKey: entry.text('routing_key', ''),
      arguments: entry.object('arguments'),
    });
  },
};

/** Policies of operators and limits of virtual hosts are parameters in definitions. */
function importParameter(
  { vhosts, policies, parameters }: Administration,
  entry: EntryReader,
  vhostOf: () => string,
): void {
  const component = entry.text('component');
  const name = entry.text('name');
  if (component === specialComponents.operatorPolicy) {
    const policy = readPolicy(name, new EntryReader(entry.value('value')));
    policies.put({ isOperator: true }, vhostOf(), policy);
  } else if (component === specialComponents.vhostLimits) {
    for (const [limit, value] of Object.entries(entry.object('value'))) {
      vhosts.setLimit(vhostOf(), limit, limitOf(value));
    }
  } else {
    const value = entry.value('value');
    parameters.put({ vhost: vhostOf(), component, name, value }, { acceptsMasked: true });
  }
}
