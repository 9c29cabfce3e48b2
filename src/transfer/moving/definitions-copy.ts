// Copying of definitions from one broker to another.

import { createHash } from 'node:crypto';
import { movedParameter } from '../../broker/accounts/moved.ts';
import { ownHashField } from '../../broker/rabbitmq/definitions/sections.ts';
import { definitionsSections } from '../../broker/rabbitmq/definitions-transfer.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { hasMasked } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { healthVhost } from '../health-vhost.ts';
import type { ManagementClient } from './management-client.ts';

/** An entry that was not copied. */
export interface LeftOut {
  readonly section: string;
  readonly name: string;
  readonly reason: string;
}

/** The result of a copy. */
export interface CopiedDefinitions {
  /** Entries that exist at the target now, by section. */
  readonly counts: Readonly<Record<string, number>>;
  /** Entries that were left out on purpose. */
  readonly skipped: readonly LeftOut[];
  /** Entries that the target refuses. */
  readonly refused: readonly LeftOut[];
  /** Users whose passwords were set at this program. A RabbitMQ cannot use their hashes. */
  readonly ownHashes: readonly string[];
}

/** Entries in one request. */
const batchMax = 200;

/**
 * Creates or updates at the target what definitions contain. Nothing is deleted, and a repetition
 * changes nothing.
 *
 * @param definitions as a management API exports them
 * @param own the user as which this program calls the target, which is not changed
 * @throws {TransferError} `connection-failed`, `login-refused`
 */
export async function copyDefinitions(
  definitions: JsonObject,
  target: ManagementClient,
  own: string,
): Promise<CopiedDefinitions> {
  const counts: Record<string, number> = {};
  const skipped: LeftOut[] = [];
  const refused: LeftOut[] = [];
  const withoutUsers = new Set<string>();
  for (const section of definitionsSections) {
    const entries = entriesOf(definitions, section).filter((entry) => {
      const reason = reasonToSkip(section, entry, own, withoutUsers);
      if (reason === undefined) return true;
      skipped.push({ section, name: nameOf(section, entry), reason });
      return false;
    });
    let count = 0;
    for (let at = 0; at < entries.length; at += batchMax) {
      const batch = entries.slice(at, at + batchMax);
      count += await putBatch(definitions, target, section, batch, refused);
    }
    counts[section] = count;
  }
  const ownHashes = entriesOf(definitions, 'users').filter(
    (user) => user[ownHashField] !== undefined,
  );
  return { counts, skipped, refused, ownHashes: ownHashes.map(({ name }) => String(name)) };
}

/** Sends a batch, and entry by entry if it is refused. Returns the number of accepted entries. */
async function putBatch(
  { rabbit_version: version }: JsonObject,
  target: ManagementClient,
  section: string,
  batch: readonly JsonObject[],
  refused: LeftOut[],
): Promise<number> {
  const send = (entries: readonly JsonObject[]) =>
    target.send('POST', '/definitions', {
      ...(version !== undefined && { rabbit_version: version }),
      [section]: entries,
    });
  const { status } = await send(batch);
  if (status < 300) return batch.length;
  let count = 0;
  for (const entry of batch) {
    const answer = await send([entry]);
    if (answer.status < 300) count++;
    else refused.push({ section, name: nameOf(section, entry), reason: reasonIn(answer.value) });
  }
  return count;
}

function reasonToSkip(
  section: string,
  entry: JsonObject,
  own: string,
  withoutUsers: Set<string>,
): string | undefined {
  if (section === 'users') {
    const name = String(entry['name']);
    if (name === own) return 'this command uses this user at the target';
    if (name === 'guest' && isGuestPassword(entry)) {
      withoutUsers.add(name);
      return 'its password is that of every new RabbitMQ, and it could log in from any machine';
    }
  }
  const reason = reasonOfSource(section, entry);
  if (reason !== undefined) return reason;
  const isPermission = section === 'permissions' || section === 'topic_permissions';
  if (isPermission && withoutUsers.has(String(entry['user']))) return 'its user was left out';
  if (section === 'parameters' && hasMasked(entry['value'] ?? null)) {
    return 'the password of its URI is masked: set it at the target';
  }
  return undefined;
}

/** Why an entry is of no use to another broker. */
function reasonOfSource(section: string, entry: JsonObject): string | undefined {
  if (section === 'global_parameters' && entry['name'] === movedParameter) {
    return 'it is about the source: its clients have moved';
  }
  if ((section === 'vhosts' ? entry['name'] : entry['vhost']) === healthVhost) {
    return 'it belongs to the checks of the source';
  }
  if (isManagedPolicy(section, entry)) return 'each broker gets its own from Amazon MQ or Waxwing';
  return undefined;
}

/** Whether a policy is one that belongs to its broker: its version and instance type decide about it. */
function isManagedPolicy(section: string, { name, component }: JsonObject): boolean {
  if (section === 'policies') {
    return /^(?:AWS-DEFAULT-|ha-all-AWS-OWNED-DO-NOT-DELETE$)/.test(String(name));
  }
  return component === 'operator_policy' && name === 'default_operator_policy_AWS_managed';
}

/** Whether the stored hash of a user is that of the password `guest`. */
function isGuestPassword({
  password_hash: hash,
  hashing_algorithm: algorithm,
}: JsonObject): boolean {
  if (typeof hash !== 'string') return false;
  const name = algorithm === 'rabbit_password_hashing_sha512' ? 'sha512' : 'sha256';
  const bytes = Buffer.from(hash, 'base64');
  const computed = createHash(name).update(bytes.subarray(0, 4)).update('guest').digest();
  return computed.equals(bytes.subarray(4));
}

function entriesOf(definitions: JsonObject, section: string): JsonObject[] {
  const list = definitions[section];
  if (!Array.isArray(list)) return [];
  return (list as readonly JsonValue[]).filter(isObject);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name for reports. */
function nameOf(section: string, entry: JsonObject): string {
  const of = (key: string) => (entry[key] === undefined ? [] : [String(entry[key])]);
  const names =
    section === 'bindings'
      ? [...of('source'), ...of('destination'), ...of('routing_key')]
      : [...of('component'), ...of('name'), ...(entry['name'] === undefined ? of('user') : [])];
  const vhost = entry['vhost'] === undefined ? '' : ` in vhost '${String(entry['vhost'])}'`;
  return `'${names.join("' '")}'${vhost}`;
}

/** The reason in an answer of a management API. */
function reasonIn(value: JsonValue): string {
  const text = isObject(value) ? (value['reason'] ?? value['error']) : value;
  return (typeof text === 'string' ? text : JSON.stringify(text)).trim().slice(0, 500);
}
