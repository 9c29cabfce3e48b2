// The user that moves messages: only it can connect to a broker whose clients have moved.

import { systemRandom } from '../../base/random.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { TransferError } from '../errors.ts';
import { healthVhost } from '../health-vhost.ts';
import type { BrokerAccess } from '../moving/access.ts';
import type { ManagementClient } from '../moving/management-client.ts';

/** Its name at both brokers. It exists only during a move. */
export const moverName = 'waxwing-move';

const passwordBytes = 24;
const everything = { configure: '.*', write: '.*', read: '.*' } as const;

/** One of the two brokers of a move. */
export interface ScaledBroker {
  readonly management: ManagementClient;
  /** `amqps://host:5671` */
  readonly endpoint: string;
  /** The administrator that the command uses. */
  readonly username: string;
  readonly authorities: readonly string[];
}

/**
 * Creates the user, or gives it another password, and returns its access.
 *
 * @throws {TransferError} `not-supported` if the broker refuses it
 */
export async function createMover(broker: ScaledBroker): Promise<BrokerAccess> {
  const { management, endpoint, username, authorities } = broker;
  const password = systemRandom.bytes(passwordBytes).toString('base64url');
  // Messages with the property user_id are published for their users.
  await required(management, 'PUT', `/users/${moverName}`, { password, tags: 'impersonator' });
  for (const vhost of await namesIn(management, '/vhosts')) {
    if (vhost === healthVhost) continue;
    const path = `/permissions/${encodeURIComponent(vhost)}/${moverName}`;
    await required(management, 'PUT', path, everything);
  }
  const uri = endpoint.replace('://', `://${moverName}@`);
  return { amqp: { uri, password, authorities }, management, username };
}

/** Deletes the user. */
export async function deleteMover({ management }: ScaledBroker): Promise<void> {
  await management.send('DELETE', `/users/${moverName}`);
}

/** The names of the objects in a list of the management API. */
export async function namesIn(management: ManagementClient, path: string): Promise<string[]> {
  const list = await management.get(`${path}?columns=name`);
  return rowsOf(list).map(({ name }) => String(name));
}

/** The objects of a list. */
export function rowsOf(value: JsonValue): JsonObject[] {
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  return list.filter(
    (each): each is JsonObject => typeof each === 'object' && each !== null && !Array.isArray(each),
  );
}

/**
 * Sends a request that must succeed.
 *
 * @throws {TransferError} `not-supported` with the reason of the answer
 */
export async function required(
  management: ManagementClient,
  method: 'PUT' | 'DELETE',
  path: string,
  body?: JsonValue,
  headers?: Readonly<Record<string, string>>,
): Promise<void> {
  const { status, value } = await management.send(method, path, body, headers);
  if (status < 300 || (method === 'DELETE' && status === 404)) return;
  const [answer] = rowsOf([value]);
  const why = answer?.['reason'] ?? answer?.['error'] ?? `status ${status}`;
  throw new TransferError('not-supported', `${method} ${path}: ${String(why).slice(0, 300)}`);
}

/**
 * Returns a global parameter of a broker; undefined if it is not set.
 *
 * @throws {TransferError} 'not-supported' if the broker does not answer whether it is set
 */
export async function globalParameter(
  management: ManagementClient,
  path: string,
): Promise<JsonObject | undefined> {
  const { status, value } = await management.send('GET', path);
  if (status === 404) return undefined;
  if (status !== 200) {
    throw new TransferError('not-supported', `GET ${path} was answered with status ${status}`);
  }
  const [parameter] = rowsOf([value]);
  const [found] = rowsOf([parameter?.['value'] ?? null]);
  return found ?? {};
}
