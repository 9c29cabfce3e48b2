// Closes a broker to its clients while its messages move, and opens it again.

import type { Clock } from '../../base/clock.ts';
import { movedParameter, movedReason } from '../../broker/accounts/moved.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { TransferError } from '../errors.ts';
import type { ManagementClient } from '../moving/management-client.ts';
import type { ScaledKind } from './differences.ts';
import { globalParameter, moverName, required, rowsOf } from './mover.ts';

/** The user of the service in clusters, whose connections check the nodes and move nothing. */
const serviceUser = 'monitoring-AWS-OWNED-DO-NOT-DELETE';

/** Interval of looks at the connections, milliseconds. */
const lookMs = 500;
/** Time in which connections must have ended, milliseconds. */
const closedMsMax = 120_000;
/** A node lists a new connection up to 5 s late. */
const listedMs = { single: 0, cluster: 6000 } as const;

const path = `/global-parameters/${movedParameter}`;

/**
 * What a broker says about its move; undefined if its clients have not moved.
 *
 * @throws {TransferError} if it does not say so: what is stored there must not be replaced unread
 */
export function movedOf(management: ManagementClient): Promise<JsonObject | undefined> {
  return globalParameter(management, path);
}

/** A broker to close. */
export interface BrokerToClose {
  readonly kind: ScaledKind;
  readonly management: ManagementClient;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
}

/**
 * Refuses and disconnects all clients but the user that moves messages, and waits until they have left. A
 * broker of our own engine tells clients the new endpoint. Nodes of a cluster tell it to those that are
 * connected; for others, each user gets a limit of 0 connections.
 *
 * @param to the endpoint that clients are told
 * @throws {TransferError} `not-supported` if clients stay
 */
export async function closeToClients(broker: BrokerToClose, to: string): Promise<void> {
  const { kind, management } = broker;
  const before = await movedOf(management);
  const parameter = { to, user: moverName };
  if (kind === 'single') {
    await required(management, 'PUT', path, { name: movedParameter, value: parameter });
  } else {
    // Stored before the first limit is changed, so that the limits before are never lost.
    const limits = before?.['limits'] ?? (await userLimits(management));
    const value = { ...parameter, limits };
    await required(management, 'PUT', path, { name: movedParameter, value });
    for (const user of await usersOf(management)) {
      await required(management, 'PUT', limitPath(user), { value: 0 });
    }
  }
  await clientsLeave(broker, movedReason({ to, user: moverName }));
}

async function clientsLeave(broker: BrokerToClose, reason: string): Promise<void> {
  const { kind, management, clock, interruption } = broker;
  const beganAtMs = clock.monotonicMs();
  let emptySinceMs: number | undefined;
  while (!interruption.aborted) {
    const nowMs = clock.monotonicMs();
    const names = await connectionsOf(kind, management);
    if (names.length > 0) emptySinceMs = undefined;
    else emptySinceMs ??= nowMs;
    if (emptySinceMs !== undefined && nowMs - emptySinceMs >= listedMs[kind]) return;
    if (nowMs - beganAtMs > closedMsMax) {
      const why = `${names.length} clients do not leave, such as ${names[0]}`;
      throw new TransferError('not-supported', why);
    }
    for (const name of names) {
      const of = `/connections/${encodeURIComponent(name)}`;
      await required(management, 'DELETE', of, undefined, { 'X-Reason': reason });
    }
    await pause(clock, lookMs);
  }
}

async function connectionsOf(kind: ScaledKind, management: ManagementClient): Promise<string[]> {
  const rows = rowsOf(await management.get('/connections?columns=name,user'));
  const others = kind === 'cluster' ? [moverName, serviceUser] : [moverName];
  return rows.filter(({ user }) => !others.includes(String(user))).map(({ name }) => String(name));
}

async function usersOf(management: ManagementClient): Promise<string[]> {
  const rows = rowsOf(await management.get('/users?columns=name'));
  const names = rows.map(({ name }) => String(name));
  return names.filter((name) => name !== moverName && name !== serviceUser);
}

/** The limits of connections by user. */
async function userLimits(management: ManagementClient): Promise<JsonObject> {
  const limits: Record<string, JsonValue> = {};
  for (const { user, value } of rowsOf(await management.get('/user-limits'))) {
    const [own] = rowsOf([value ?? null]);
    const found = own?.['max-connections'];
    if (typeof found === 'number') limits[String(user)] = found;
  }
  return limits;
}

/**
 * Opens a broker again to its clients. What has moved stays where it is.
 *
 * @returns false if it was open
 * @throws {TransferError}
 */
export async function openToClients(
  kind: ScaledKind,
  management: ManagementClient,
): Promise<boolean> {
  const moved = await movedOf(management);
  if (moved === undefined) return false;
  const [limits = {}] = rowsOf([moved['limits'] ?? null]);
  for (const user of kind === 'cluster' ? await usersOf(management) : []) {
    const before = limits[user];
    if (before === undefined) await required(management, 'DELETE', limitPath(user));
    else await required(management, 'PUT', limitPath(user), { value: before });
  }
  await required(management, 'DELETE', path);
  return true;
}

function limitPath(user: string): string {
  return `/user-limits/${encodeURIComponent(user)}/max-connections`;
}

/** Waits. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
