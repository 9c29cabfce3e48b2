// The operations on the hosts of nodes of clusters.

import { operation } from '../../../aws/service.ts';
import {
  boolean,
  integer,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { ControlError } from '../../../control/errors.ts';
import { onBroker, touched } from '../broker-resources.ts';
import type { HostView } from '../host-parts.ts';
import type { AdministrationParts } from '../parts.ts';

/** The life of a join token, seconds. */
const tokenSeconds = { min: 60, max: 3600, standard: 600 } as const;

const hostName = string({ min: 1, max: 63 });

const host = structure({
  hostId: required(string()),
  name: required(string()),
  zone: required(string()),
  address: required(string()),
  joinedAt: required(timestamp('date-time')),
  isConnected: required(boolean()),
  lastSeenAt: timestamp('date-time'),
  nodeCount: required(integer()),
  engineVersion: string(),
  clockDifferenceSeconds: integer(),
});

function shown({ id, name, zone, address, joinedMs, ...view }: HostView) {
  const { isConnected, lastSeenMs, nodeCount, version, clockDifferenceMs } = view;
  return {
    hostId: id,
    name,
    zone,
    address,
    joinedAt: joinedMs,
    isConnected,
    lastSeenAt: lastSeenMs,
    nodeCount,
    engineVersion: version,
    clockDifferenceSeconds:
      clockDifferenceMs === undefined ? undefined : Math.round(clockDifferenceMs / 1000),
  };
}

/** Makes a token with which one machine can join, once. */
export function createJoinToken({ hosts }: AdministrationParts) {
  return operation({
    action: 'waxwing:CreateJoinToken',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/hosts/tokens' },
    input: structure({
      lifetimeSeconds: integer({ min: tokenSeconds.min, max: tokenSeconds.max }),
    }),
    output: structure({
      token: required(sensitive(string())),
      url: required(string()),
      expiresAt: required(timestamp('date-time')),
    }),
    handle: ({ lifetimeSeconds = tokenSeconds.standard }, { caller }) => {
      const { text, expiresMs, changes } = hosts().newToken(lifetimeSeconds * 1000, caller.arn);
      return { output: { token: text, url: hosts().url, expiresAt: expiresMs }, changes };
    },
  });
}

/** Lists the machines that have joined. */
export function listHosts({ hosts }: AdministrationParts) {
  return operation({
    action: 'waxwing:ListHosts',
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/hosts' },
    input: structure({}),
    output: structure({ hosts: required(list(host)) }),
    handle: () => ({ output: { hosts: hosts().list().map(shown) } }),
  });
}

/** Ends the access of a machine, and its nodes. */
export function removeHost({ hosts }: AdministrationParts) {
  return operation({
    action: 'waxwing:RemoveHost',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/hosts/remove' },
    input: structure({ host: required(hostName), force: boolean() }),
    output: structure({ host: required(host) }),
    handle: ({ host: named, force = false }) => {
      const { host: found, changes, committed } = hosts().remove(named, force);
      return { output: { host: shown(found) }, changes, committed };
    },
  });
}

/** Gives a node of a running cluster another host. */
export function replaceNode({ hosts, control: { volumeCommands } }: AdministrationParts) {
  const action = 'waxwing:ReplaceNode';
  return operation({
    action,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/nodes/replace' },
    input: structure({
      broker: required(string({ max: 256 })),
      node: required(integer({ min: 1, max: 9 })),
      host: hostName,
    }),
    output: structure({ brokerId: required(string()), host: required(string()) }),
    permissions: ({ broker: named }) => [onBroker(action, volumeCommands.find(named))],
    failedResources: ({ broker: named }) => touched(volumeCommands.find(named)),
    handle: async ({ broker: named, node, host: wanted }) => {
      const broker = volumeCommands.find(named);
      if (broker === undefined) {
        throw new ControlError('not-found', `There is no broker [${named}].`);
      }
      const name = await hosts().moveNode(broker, node, wanted);
      return { output: { brokerId: broker.id, host: name }, resources: touched(broker) };
    },
  });
}
