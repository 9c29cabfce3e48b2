// This machine as a host of another service.

import { join } from 'node:path';
import { LocalHost } from '../engines/rabbitmq/hosts/local-host.ts';
import { findInstallations } from '../engines/rabbitmq/installation.ts';
import { AgentError } from './errors.ts';

/** Which host this machine is. */
interface HostIdentity {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
}

/**
 * Finds what runs nodes on this machine.
 *
 * @param folder the folder of the host
 * @throws {AgentError} `host-unable`
 */
export async function localAgentHost(
  folder: string,
  { id, name, zone, address }: HostIdentity,
  log: (level: 'info' | 'warn', text: string) => void,
) {
  const installations = await findInstallations();
  if (typeof installations === 'string') {
    throw new AgentError('host-unable', `this machine cannot run nodes: ${installations}`);
  }
  return new LocalHost({
    id,
    name,
    zone,
    address,
    installations,
    dataFolder: folder,
    folder: join(folder, 'clusters'),
    log: (brokerId, level, text) => log(level, `${brokerId}: ${text}`),
  });
}
