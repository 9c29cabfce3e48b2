// Definitions in the format of RabbitMQ.

import type { Exchange } from '../../exchanges/exchange.ts';
import type { Queue } from '../../queue.ts';
import type { Vhost } from '../../vhost.ts';
import { isPredeclared } from '../../vhosts/predeclared.ts';
import type { Administration } from '../administration.ts';
import type { DefinitionsSection } from '../definitions-transfer.ts';
import { argumentsToJson } from '../json-arguments.ts';
import type { BindingInfo, JsonObject, PolicyEntry, UserInfo, VhostInfo } from '../model.ts';
import { ownHashField, specialComponents } from './sections.ts';

type Entry = readonly [section: DefinitionsSection, entry: JsonObject];

/** Yields the definitions of a broker, or those of one virtual host, whose entries do not name it. */
export function* exportedSections(
  administration: Administration,
  vhost: string | undefined,
): Generator<Entry> {
  const { vhosts } = administration;
  if (vhost !== undefined) {
    administration.broker.accounts.requireVhost(vhost);
    yield* sectionsOf(administration, vhost, true);
    return;
  }
  yield* sectionsOfBroker(administration);
  for (const { name } of [...vhosts.list()]) {
    if (vhosts.get(name) !== undefined) yield* sectionsOf(administration, name, false);
  }
}

function* sectionsOfBroker({ users, vhosts, parameters }: Administration): Generator<Entry> {
  for (const user of users.list()) yield ['users', userEntry(user)];
  for (const vhost of vhosts.list()) yield ['vhosts', vhostEntry(vhost)];
  for (const permission of users.permissions()) yield ['permissions', { ...permission }];
  for (const permission of users.topicPermissions()) yield ['topic_permissions', { ...permission }];
  for (const parameter of parameters.globals()) yield ['global_parameters', { ...parameter }];
}

function userEntry({ name, tags, credentials, limits }: UserInfo): JsonObject {
  const { passwordHash, hashingAlgorithm, ownHash } = credentials;
  return {
    name,
    password_hash: passwordHash,
    hashing_algorithm: hashingAlgorithm,
    ...(ownHash !== undefined && { [ownHashField]: ownHash }),
    tags,
    limits: { ...limits },
  };
}

function vhostEntry(info: VhostInfo): JsonObject {
  const { name, description, tags, defaultQueueType, isProtected } = info;
  const type = defaultQueueType !== undefined && { default_queue_type: defaultQueueType };
  const shown: JsonObject = { description, tags, ...type };
  const protection = isProtected !== undefined && { protected_from_deletion: isProtected };
  return { name, ...shown, metadata: { ...shown, ...protection } };
}

/** @param isAlone whether only this virtual host is exported, so that entries do not name it */
function* sectionsOf(
  administration: Administration,
  vhost: string,
  isAlone: boolean,
): Generator<Entry> {
  const { vhosts, policies, parameters } = administration;
  const of: JsonObject = isAlone ? {} : { vhost };
  const limits = vhosts.limits(vhost);
  if (Object.keys(limits).length > 0) {
    const value = { ...limits };
    yield [
      'parameters',
      { ...of, component: specialComponents.vhostLimits, name: 'limits', value },
    ];
  }
  for (const policy of policies.list({ isOperator: true }, vhost)) {
    const { name } = policy;
    const component = specialComponents.operatorPolicy;
    yield ['parameters', { ...of, component, name, value: policyFields(policy) }];
  }
  for (const { component, name, value } of parameters.list({ vhost })) {
    yield ['parameters', { ...of, component, name, value }];
  }
  for (const policy of policies.list({ isOperator: false }, vhost)) {
    yield ['policies', { ...of, name: policy.name, ...policyFields(policy) }];
  }
  yield* topologyOf(administration, vhost, of);
}

function* topologyOf(
  { broker, topology }: Administration,
  vhost: string,
  of: JsonObject,
): Generator<Entry> {
  for (const queue of topology.queues(vhost)) {
    if (isExported(queue)) yield ['queues', { ...of, ...queueFields(queue) }];
  }
  for (const exchange of topology.exchanges(vhost)) {
    if (isExported(exchange)) yield ['exchanges', { ...of, ...exchangeFields(exchange) }];
  }
  const found = broker.accounts.requireVhost(vhost);
  for (const binding of topology.bindings(vhost)) {
    if (isExportedBinding(found, binding)) yield ['bindings', { ...of, ...bindingFields(binding) }];
  }
}

/** Implicit bindings are not exported. Predeclared exchanges can be either end. */
function isExportedBinding({ exchanges, queues }: Vhost, binding: BindingInfo): boolean {
  const { source, destinationType, destination } = binding;
  if (source === '' || exchanges.get(source)?.options.durable !== true) return false;
  if (destinationType === 'exchange') return exchanges.get(destination)?.options.durable === true;
  const queue = queues.get(destination);
  return queue !== undefined && isExported(queue);
}

/** What ends with a connection, or exists anyway, is not exported. */
function isExported(object: Queue | Exchange): boolean {
  if (object.kind === 'exchange') return object.options.durable && !isPredeclared(object.name);
  return object.index.isDurable && !isPredeclared(object.name);
}

function policyFields({ pattern, applyTo, definition, priority }: PolicyEntry): JsonObject {
  return { pattern, 'apply-to': applyTo, definition: { ...definition }, priority };
}

function queueFields({ name, options }: Queue): JsonObject {
  const { durable, autoDelete, arguments: args } = options;
  return { name, durable, auto_delete: autoDelete, arguments: argumentsToJson(args) };
}

function exchangeFields({ name, type, options }: Exchange): JsonObject {
  const { durable, autoDelete, internal, arguments: args } = options;
  const flags = { durable, auto_delete: autoDelete, internal };
  return { name, type: type.name, ...flags, arguments: argumentsToJson(args) };
}

function bindingFields(binding: BindingInfo): JsonObject {
  const { source, destination, destinationType, routingKey, arguments: args } = binding;
  const ends = { source, destination, destination_type: destinationType };
  return { ...ends, routing_key: routingKey, arguments: args };
}
