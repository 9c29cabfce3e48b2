// Health checks: /api/health/checks, /api/aliveness-test, /api/healthchecks.

import { noArguments } from '../../broker/arguments.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, ManagementError } from '../errors.ts';
import { type Management, nodeName } from '../management.ts';
import type { ApiRequest } from '../request.ts';
import { alarmsOf } from './nodes/nodes.ts';

const ok = { status: 'ok' } as const;

function passed(more: Readonly<Record<string, unknown>> = {}): Answer {
  return jsonAnswer({ ...ok, ...more });
}

function failed(reason: string, more: Readonly<Record<string, unknown>>): Answer {
  return jsonAnswer({ status: 'failed', reason, ...more }, 503);
}

/** `GET /api/health/checks/alarms` and `.../local-alarms` */
export function checkAlarms({ management }: ApiRequest): Answer {
  const alarms = alarmsOf(management);
  const names = [...(alarms.memory ? ['memory'] : []), ...(alarms.disk ? ['disk'] : [])];
  if (names.length === 0) return passed();
  const list = names.map((resource) => ({ node: nodeName, resource }));
  return failed('There are alarms in effect in the cluster', { alarms: list });
}

const unitDays: Readonly<Record<string, number>> = {
  days: 1,
  weeks: 7,
  months: 30,
  years: 365,
};
const dayMs = 24 * 60 * 60 * 1000;

/** `GET /api/health/checks/certificate-expiration/{within}/{unit}` */
export function checkCertificates(request: ApiRequest): Answer {
  const { management } = request;
  const within = request.label('within');
  if (!/^\d{1,6}$/.test(within)) throw badRequest('Invalid expiration value.');
  const unit = request.label('unit');
  const days = Object.hasOwn(unitDays, unit) ? unitDays[unit] : undefined;
  if (days === undefined) {
    const units = Object.keys(unitDays).join(', ');
    throw badRequest(`Time unit not recognised. Supported units: ${units}.`);
  }
  const limitMs = management.clock.nowMs() + Number(within) * days * dayMs;
  const expiresAtMs = management.node.certificatesExpireAtMs();
  if (expiresAtMs > limitMs) return passed();
  const expires = new Date(expiresAtMs).toISOString();
  const expired = management.node.listeners().map(({ protocol, port }) => ({
    node: nodeName,
    protocol,
    port: String(port),
    expires_on: expires,
  }));
  return failed('Certificates expiring', { expired });
}

/** `GET /api/health/checks/port-listener/{port}` */
export function checkPort(request: ApiRequest): Answer {
  const label = request.label('port');
  if (!/^\d{1,5}$/.test(label)) throw badRequest('Invalid port');
  const port = Number(label);
  const ports = request.management.node.listeners().map((listener) => listener.port);
  if (ports.includes(port)) return passed({ port });
  return failed('No active listener', { missing: port, ports });
}

/** Other names of protocols in the path. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  amqp091: ['amqp', 'amqp/ssl'],
  amqps: ['amqp/ssl'],
  amqp10: ['amqp', 'amqp/ssl'],
};

/** `GET /api/health/checks/protocol-listener/{protocol}` */
export function checkProtocol(request: ApiRequest): Answer {
  const wanted = request.label('protocol').toLowerCase().slice(0, 100);
  const protocols = [
    ...new Set(request.management.node.listeners().map(({ protocol }) => protocol)),
  ];
  const names = Object.hasOwn(aliases, wanted) ? (aliases[wanted] ?? []) : [wanted];
  const isFound = protocols.some((protocol) => names.includes(protocol));
  if (isFound) return passed({ protocol: wanted });
  return failed('No active listener', { missing: wanted, protocols });
}

/** `GET /api/health/checks/metadata-store/initialized/with-data` */
export function checkVhosts({ broker }: ApiRequest): Answer {
  if (broker.vhosts.size > 0) return passed();
  const why = 'Metadata store has not yet been initialized: it reports to have no virtual hosts';
  return failed(why, {});
}

/** Checks of what a single node without mirrors always passes. */
export function alwaysPassed(): Answer {
  return passed();
}

/** `GET /api/health/checks/node-is-quorum-critical`: RabbitMQ says so for a single node. */
export function checkQuorum(): Answer {
  return passed({ reason: 'single node cluster' });
}

/** The queue of the aliveness test. */
const aliveQueue = 'aliveness-test';

/** `GET /api/aliveness-test/{vhost}`: declares a queue, as RabbitMQ does. */
export async function testAliveness(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const access = request.access(vhost);
  for (const right of ['configure', 'write', 'read'] as const) {
    access.require(right, 'queue', aliveQueue);
  }
  requireRunning(request.management);
  const options = { durable: false, exclusive: false, autoDelete: false, arguments: noArguments };
  vhost.declareQueue(aliveQueue, options, request);
  await committed(request.broker);
  return passed();
}

/** `GET /api/healthchecks/node` */
export function checkNode({ management }: ApiRequest): Answer {
  requireRunning(management);
  return passed();
}

function requireRunning(management: Management): void {
  const alarms = alarmsOf(management);
  if (!alarms.memory && !alarms.disk) return;
  throw new ManagementError('busy', 'resource alarm(s) in effect');
}
