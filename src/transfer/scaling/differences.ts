// What a broker has that another kind of broker lacks, found before anything is moved.

import { exchangeTypes } from '../../broker/exchanges/types/registry.ts';
import { ownHashField } from '../../broker/rabbitmq/definitions/sections.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import type { QueuesToMove } from '../moving/queues.ts';
import { claimParameter } from './claim.ts';

/** The kinds of brokers between which everything moves. */
export type ScaledKind = 'single' | 'cluster';

/** Something that is not the same after the move. */
export interface Difference {
  /** What it concerns, such as `exchange 'a' in vhost '/'`. */
  readonly subject: string;
  readonly effect: string;
  /** Whether the move cannot begin before it is removed. */
  readonly isObstacle: boolean;
}

/** What the differences depend on. */
export interface ScalingFacts {
  readonly to: ScaledKind;
  /** `3.10` */
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly definitions: JsonObject;
  readonly queues: QueuesToMove;
  /** The endpoints of the source. */
  readonly endpoints: readonly string[];
  /** Whether the source has a configuration. */
  readonly isConfigured: boolean;
  /** Users whose passwords the target gets. */
  readonly users: ReadonlySet<string>;
}

/** The exchange types of a node of a cluster. */
const nodeExchangeTypes = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-federation-upstream',
];
/** The types that nodes have from a version on. */
const nodeExchangeTypesSince: readonly (readonly [string, number])[] = [['x-local-random', 4]];

/** Arguments of queues and keys of policies, with the RabbitMQ that has them first; others ignore them. */
const since: readonly (readonly [string, readonly [major: number, minor: number]])[] = [
  ['dead-letter-strategy', [3, 10]],
  ['consumer-timeout', [3, 12]],
  ['stream-filter-size-bytes', [3, 13]],
  ['delayed-retry-type', [4, 3]],
  ['delayed-retry-min', [4, 3]],
  ['delayed-retry-max', [4, 3]],
];

/** Parameters that make a broker connect to others. */
const linkComponents: Readonly<Record<string, string>> = {
  shovel: 'shovel',
  'federation-upstream': 'federation upstream',
  'federation-upstream-set': 'set of federation upstreams',
};

/** Names the differences between a broker and the one that replaces it. */
export function differencesOf(facts: ScalingFacts): Difference[] {
  return [
    ...ofVersions(facts),
    ...ofEndpoints(facts),
    ...ofUsers(facts),
    ...ofLinks(facts),
    ...ofExchanges(facts),
    ...ofArguments(facts),
    ...ofQueues(facts),
  ];
}

function* ofVersions(facts: ScalingFacts): Generator<Difference> {
  const { sourceVersion, targetVersion, isConfigured } = facts;
  const [from, to] = [sourceVersion, targetVersion].map((text) => Number.parseInt(text, 10));
  if (from !== to) {
    const effects = [
      from === 4 && 'quorum queues without priorities and without a delivery limit of 20',
      from === 4 && 'addresses of AMQP 1.0 as RabbitMQ 3 has them',
      from === 3 && 'a delivery limit of 20 in quorum queues, and no mirrored queues',
    ].filter((each) => each !== false);
    const effect = `becomes ${targetVersion}: ${effects.join('; ')}`;
    yield difference(`engine version ${sourceVersion}`, effect);
  }
  if (isConfigured) yield difference('the configuration', 'is not applied to the new broker');
}

function* ofEndpoints({ to, endpoints }: ScalingFacts): Generator<Difference> {
  const others = endpoints.filter((each) => !each.startsWith('amqps:'));
  if (to === 'single' || others.length === 0) return;
  const effect = 'is not offered by clusters; sessions and retained messages of MQTT stay';
  for (const endpoint of others) yield difference(`the endpoint ${endpoint}`, effect);
}

function* ofUsers({ to, definitions, users }: ScalingFacts): Generator<Difference> {
  if (to === 'single') return;
  for (const user of entriesOf(definitions, 'users')) {
    const name = String(user['name']);
    if (user[ownHashField] === undefined || users.has(name)) continue;
    const effect = 'has no password at the new broker: RabbitMQ cannot use the hash; state it';
    yield difference(`user '${name}'`, effect);
  }
}

function* ofLinks({ to, definitions }: ScalingFacts): Generator<Difference> {
  for (const entry of entriesOf(definitions, 'parameters')) {
    const what = linkComponents[String(entry['component'])];
    if (what === undefined) continue;
    const subject = placed(what, entry);
    if (to === 'cluster') {
      yield difference(subject, 'ends; create it at the new broker, with TLS');
    } else {
      const effect = 'would go on during the move; delete it, and create it at the new broker';
      yield { ...difference(subject, effect), isObstacle: true };
    }
  }
}

function* ofExchanges({ to, targetVersion, definitions }: ScalingFacts): Generator<Difference> {
  const major = Number.parseInt(targetVersion, 10);
  const newer = nodeExchangeTypesSince.filter(([, from]) => from <= major).map(([name]) => name);
  const ofNodes = [...nodeExchangeTypes, ...newer];
  const known = to === 'cluster' ? ofNodes : exchangeTypes.map(({ name }) => name);
  for (const exchange of entriesOf(definitions, 'exchanges')) {
    const type = String(exchange['type']);
    if (known.includes(type)) continue;
    const isDelayed = type === 'x-delayed-message';
    const waiting = isDelayed ? '; messages that wait in it stay, and move when they are due' : '';
    const effect = `is left out with its bindings: the new broker has no type ${type}${waiting}`;
    yield difference(placed('exchange', exchange), effect);
  }
}

function* ofArguments({ targetVersion, definitions }: ScalingFacts): Generator<Difference> {
  const lacking = since.filter(([, version]) => isBefore(targetVersion, version));
  const owners = [
    ['queue', 'queues', 'arguments', 'x-'],
    ['policy', 'policies', 'definition', ''],
  ] as const;
  for (const [what, section, field, prefix] of owners) {
    for (const entry of entriesOf(definitions, section)) {
      const keys = isObject(entry[field]) ? Object.keys(entry[field]) : [];
      for (const [name] of lacking) {
        if (!keys.includes(`${prefix}${name}`)) continue;
        const effect = `${prefix}${name} has no effect in RabbitMQ ${targetVersion}`;
        yield difference(placed(what, entry), effect);
      }
    }
  }
}

function* ofQueues({ queues }: ScalingFacts): Generator<Difference> {
  for (const queue of queues.others) {
    const effect = `${queue.messageCount} messages stay: ${queue.reason}`;
    yield difference(placed('queue', { ...queue }), effect);
  }
}

/**
 * The definitions that the new broker gets: without what moves messages by itself, and without exchanges
 * that it does not have.
 *
 * @param mover the user that moves messages, of an attempt before
 */
export function definitionsFor(facts: ScalingFacts, mover: string): JsonObject {
  const { definitions } = facts;
  const lacking = new Set([...ofExchanges(facts)].map(({ subject }) => subject));
  const isLacking = (name: JsonValue | undefined, vhost: JsonValue | undefined) =>
    lacking.has(placed('exchange', { name: name ?? '', vhost: vhost ?? '' }));
  const without = (section: string, isLeft: (entry: JsonObject) => boolean) => ({
    [section]: entriesOf(definitions, section).filter((entry) => !isLeft(entry)),
  });
  const isOfMover = ({ name, user }: JsonObject) => name === mover || user === mover;
  return {
    ...definitions,
    ...without('users', isOfMover),
    ...without('permissions', isOfMover),
    ...without('topic_permissions', isOfMover),
    ...without('parameters', ({ component }) => String(component) in linkComponents),
    ...without(
      'global_parameters',
      ({ name }) => name === 'cluster_name' || name === claimParameter,
    ),
    ...without('exchanges', ({ name, vhost }) => isLacking(name, vhost)),
    ...without('bindings', ({ source, destination, destination_type: type, vhost }) => {
      return isLacking(source, vhost) || (type === 'exchange' && isLacking(destination, vhost));
    }),
  };
}

function difference(subject: string, effect: string): Difference {
  return { subject, effect, isObstacle: false };
}

function placed(what: string, { name, vhost }: JsonObject): string {
  return `${what} '${String(name)}' in vhost '${String(vhost)}'`;
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function entriesOf(definitions: JsonObject, section: string): JsonObject[] {
  const list = definitions[section];
  return Array.isArray(list) ? (list as readonly JsonValue[]).filter(isObject) : [];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
