// A service that no machine can join.

import { generateKeySync } from 'node:crypto';
import type { HostOperations } from '../../src/api/administration/host-parts.ts';
import { ControlError } from '../../src/control/errors.ts';
import { Hosts } from '../../src/hosts/hosts.ts';
import { hostOperations } from '../../src/server/hosts/compose-hosts.ts';
import { HostsService } from '../../src/server/hosts/hosts-service.ts';

/** The operations on hosts of a service that was started without a port for them. */
export function withoutHosts(): HostOperations {
  const log = { error: () => {}, warn: () => {}, info: () => {} };
  const service = new HostsService({
    hosts: new Hosts(),
    sealingKey: generateKeySync('aes', { length: 256 }),
    settings: undefined,
    commit: async () => {},
    events: { joined: () => [], refused: () => {}, flush: () => {} },
    log,
  });
  return hostOperations({ hosts: undefined }, service, {
    moveNode: async (brokerId) => {
      throw new ControlError('not-found', `Broker [${brokerId}] has no running node.`);
    },
  });
}
