// The brokers of the service in a support bundle: states and settings, without names.

import { type ApiAccess, callApiGet } from '../access/call-api.ts';

const brokersMax = 200;

/** The parts of a description that this program chooses from lists. */
const openMembers = [
  ...['authenticationStrategy', 'autoMinorVersionUpgrade', 'brokerState', 'created'],
  ...['dataReplicationMode', 'deploymentMode', 'engineType', 'engineVersion', 'hostInstanceType'],
  ...['pendingEngineVersion', 'pendingHostInstanceType', 'publiclyAccessible', 'storageType'],
] as const;

/** A broker, for the other parts of a bundle. */
export interface BundledBroker {
  readonly id: string;
  readonly name: string;
  readonly isActiveMq: boolean;
  /** What the bundle says about it. */
  readonly shown: object;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Describes the brokers.
 *
 * @throws {CliError} `call-failed`
 */
export async function describeBrokers(access: ApiAccess): Promise<BundledBroker[]> {
  const query = { maxResults: '100' };
  const brokers: BundledBroker[] = [];
  let token: string | undefined;
  do {
    const more: Readonly<Record<string, string>> = token === undefined ? {} : { nextToken: token };
    const page = members(await callApiGet(access, 'mq', '/v1/brokers', { ...query, ...more }));
    for (const summary of list(page['brokerSummaries'])) {
      const id = String(members(summary)['brokerId']);
      if (!/^b-[0-9a-f-]{36}$/.test(id) || brokers.length === brokersMax) continue;
      const path = `/v1/brokers/${id}`;
      brokers.push(await described(access, id, members(await callApiGet(access, 'mq', path, {}))));
    }
    token = typeof page['nextToken'] === 'string' ? page['nextToken'] : undefined;
  } while (token !== undefined && brokers.length < brokersMax);
  return brokers;
}

async function described(access: ApiAccess, id: string, found: Members): Promise<BundledBroker> {
  const isActiveMq = String(found['engineType']).toUpperCase() === 'ACTIVEMQ';
  const open = Object.fromEntries(openMembers.map((name) => [name, found[name]]));
  const actions = list(found['actionsRequired']);
  const endpoints = list(found['brokerInstances']).flatMap((instance) =>
    list(members(instance)['endpoints']),
  );
  const encryption = members(found['encryptionOptions']);
  const logs = members(found['logs']);
  const shown = {
    id,
    ...open,
    actionsRequired: actions.map((action) => members(action)['actionRequiredCode']),
    endpoints: endpoints.map((url) => withoutHost(String(url))),
    hasOwnKey: encryption['useAwsOwnedKey'] === false,
    logs: { general: logs['general'], audit: logs['audit'] },
    maintenanceWindow: found['maintenanceWindowStartTime'],
    users: list(found['users']).length,
    tags: Object.keys(members(found['tags'])).length,
    hasLdap: found['ldapServerMetadata'] !== undefined,
    configuration: await configuration(access, members(found['configurations']), isActiveMq),
  };
  return { id, name: String(found['brokerName']), isActiveMq, shown };
}

function withoutHost(url: string): string {
  const [, scheme = '', port = ''] = /^([a-z0-9+]+):\/\/.*:(\d+)$/.exec(url) ?? [];
  return `${scheme}:${port}`;
}

async function configuration(
  access: ApiAccess,
  { current }: Members,
  isActiveMq: boolean,
): Promise<object | undefined> {
  const { id, revision } = members(current);
  if (typeof id !== 'string' || typeof revision !== 'number') return undefined;
  const path = `/v1/configurations/${encodeURIComponent(id)}/revisions/${revision}`;
  const { data } = members(await callApiGet(access, 'mq', path, {}));
  const text = Buffer.from(String(data), 'base64').toString('utf8');
  return { revision, settings: isActiveMq ? elementsOf(text) : keysOf(text) };
}

/** Keys of a RabbitMQ configuration, up to the second point, with values that are numbers or switches. */
export function keysOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, key, value = ''] =
      /^\s*([a-z0-9_]+(?:\.[a-z0-9_]+)*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined) return [];
    const [first = '', second, third] = key.split('.');
    const name = [first, second].filter((part) => part !== undefined).join('.');
    const isOpen = third === undefined && /^(\d{1,12}|true|false)$/.test(value);
    return [`${name}${third === undefined ? '' : '.…'} = ${isOpen ? value : '…'}`];
  });
}

/** How often each element is in an ActiveMQ configuration. */
export function elementsOf(text: string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const bare = text
    .replaceAll(/<!--.*?(?:-->|$)/gs, '')
    .replaceAll(/<!\[CDATA\[.*?(?:\]\]>|$)/gs, '')
    .replaceAll(/"[^"]*"|'[^']*'/g, '""');
  for (const [, name = ''] of bare.matchAll(/<([a-zA-Z]{1,60})[\s/>]/g)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].slice(0, 200));
}

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
