// Whether pairs of ActiveMQ can run on this machine.

import { WaxwingError } from '../../base/errors.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { encryptionProblem } from '../../volumes/capabilities.ts';
import type { VolumeOwner } from '../../volumes/gocryptfs.ts';
import { systemUser } from '../../volumes/system-user.ts';
import { findActiveMq, type InstalledActiveMq } from '../installed/activemq.ts';

/** The user of the Java machines if this process is the superuser. */
const userName = 'activemq';

/** An ActiveMQ that can be run. */
export interface PairInstallation extends InstalledActiveMq {
  /** The user of its processes. */
  readonly user: VolumeOwner;
}

/** The names of the listeners of the offer, and the transports that they need. */
const transports: Readonly<Record<string, string>> = {
  'openwire+ssl': 'ssl',
  'amqp+ssl': 'amqp+ssl',
  'stomp+ssl': 'stomp+ssl',
  'mqtt+ssl': 'mqtt+ssl',
  wss: 'wss',
};

/** Finds ActiveMQ and what it needs, or states in one sentence why pairs cannot run here. */
export async function findPairInstallation(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<PairInstallation | string> {
  if (isFipsForced()) return 'Java would not use the FIPS provider, which this service requires';
  try {
    const found = await findActiveMq(undefined, variables);
    if (!found.transports.has('ssl')) return `${found.home} has no transport for OpenWire over TLS`;
    const problem = await encryptionProblem();
    if (problem !== undefined) return `the volumes of pairs cannot be encrypted: ${problem}`;
    const user = await userOfPairs();
    return typeof user === 'string' ? user : { ...found, user };
  } catch (error) {
    if (error instanceof WaxwingError) return error.message;
    throw error;
  }
}

/** The listeners of the offer that an installation can open. */
export function listenersOf(found: Pick<InstalledActiveMq, 'transports'>): string[] {
  return Object.keys(transports).filter((name) => found.transports.has(transports[name] ?? ''));
}

/** The listeners of the offer that an installation lacks. */
function missingListeners(found: Pick<InstalledActiveMq, 'transports'>): string[] {
  const there = listenersOf(found);
  return Object.keys(transports).filter((name) => !there.includes(name));
}

/** What pairs of an installation lack, in a sentence. */
export function lacksOf(found: Pick<InstalledActiveMq, 'home' | 'transports'>): string {
  const lacks = missingListeners(found).map((name) => `${protocolNames[name] ?? ''} (${name})`);
  const none = 'pairs have no console of ActiveMQ';
  if (lacks.length === 0) return none;
  const [what, them] = [lacks.join(', '), lacks.length === 1 ? 'it' : 'them'];
  return `ActiveMQ in ${found.home} lacks ${what}: the broker has no endpoints for ${them}; ${none}`;
}

const protocolNames: Readonly<Record<string, string>> = {
  'openwire+ssl': 'OpenWire',
  'amqp+ssl': 'AMQP',
  'stomp+ssl': 'STOMP',
  'mqtt+ssl': 'MQTT',
  wss: 'WebSocket',
};

async function userOfPairs(): Promise<VolumeOwner | string> {
  if (process.geteuid?.() !== 0) {
    return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  }
  const user = await systemUser(userName);
  if (user !== undefined) return user;
  return `there is no user '${userName}', as which a service of root runs ActiveMQ`;
}
