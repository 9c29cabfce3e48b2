// Clusters of RabbitMQ on this machine, for tests.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { DescribeBrokerCommandOutput } from '@aws-sdk/client-mq';
import { findInstallations } from '../../src/engines/rabbitmq/installation.ts';
import { endMarkedProcesses } from '../../src/engines/rabbitmq/nodes/marked-processes.ts';
import { EncryptedVolume } from '../../src/volumes/encrypted-volume.ts';
import { mountpointOf } from '../../src/volumes/mountpoint.ts';
import { describeBroker } from './broker-requests.ts';
import { installed } from './debian-packages.ts';
import { isRunning, until } from './processes.ts';
import { serviceMetrics } from './service-metric.ts';
import type { Waxwing } from './waxwing.ts';

/** Milliseconds within which a cluster must have started, or have stopped. */
export const clusterMs = 240_000;

/** The variables of this process that name another RabbitMQ or Erlang, for the service. */
export const engineVariables: Readonly<Record<string, string>> = Object.fromEntries(
  ['WAXWING_RABBITMQ_HOME', 'WAXWING_ERLANG_HOME'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

/** Why clusters cannot run on this machine; undefined if they can. Missing packages are installed. */
export async function clustersMissing(): Promise<string | undefined> {
  const missing = await installed('rabbitmq-server', 'gocryptfs', 'fuse3', 'iproute2');
  if (missing !== undefined) return missing;
  const found = await findInstallations();
  return typeof found === 'string' ? found : undefined;
}

/** The parameters of CreateBroker for a cluster. */
export const clusterRequest = {
  DeploymentMode: 'CLUSTER_MULTI_AZ',
  HostInstanceType: 'mq.m7g.large',
  EngineType: 'RABBITMQ',
} as const;

/** The folder of a cluster. */
export function clusterFolder(waxwing: Waxwing, brokerId: string): string {
  return realpathSync(join(waxwing.folder.data, 'clusters', brokerId));
}

/** The volumes of a cluster. */
export function volumesOf(waxwing: Waxwing, brokerId: string): EncryptedVolume[] {
  const folder = clusterFolder(waxwing, brokerId);
  const ids = readdirSync(folder).filter((name) => name.startsWith('vol-'));
  return ids.map((id) => {
    const mountpoint = mountpointOf(waxwing.folder.data, id);
    return new EncryptedVolume({ id, folder: join(folder, id), mountpoint }, () => {});
  });
}

/** The processes of a cluster with their environments, by whose marks they are found. */
export function processesOf(
  folder: string,
): { readonly pid: number; readonly environment: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), environment: environmentOf(name) }))
    .filter(
      ({ pid, environment }) => environment.includes(`WAXWING_BROKER=${folder}`) && isRunning(pid),
    );
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // it has ended, or belongs to the kernel
  }
}

/** The virtual machine of each node, by its number. That of a command has the same environment. */
export function nodePids(folder: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const { pid, environment } of processesOf(folder)) {
    const name = environment.find((each) => each.startsWith('RABBITMQ_NODENAME=rabbit'));
    if (name !== undefined && isNode(pid)) found.set(Number(name.slice(24, 25)), pid);
  }
  return found;
}

/** Whether a process is the virtual machine in which RabbitMQ runs. */
function isNode(pid: number): boolean {
  try {
    const isMachine = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'beam.smp';
    const text = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return isMachine && text.includes('\0-s\0rabbit\0boot\0');
  } catch {
    return false; // it has ended meanwhile
  }
}

/** Whether every node of the only cluster of a service sees this many running nodes. */
export async function isComplete(waxwing: Waxwing, count: number): Promise<boolean> {
  const text = await serviceMetrics(waxwing);
  const seen = [...text.matchAll(/^waxwing_node_running_nodes\{[^}]*\} (\d+)$/gm)];
  return seen.length === count && seen.every(([, value]) => Number(value) === count);
}

/**
 * Waits until a broker is in a state. On a machine under load, calls fail: they are made again.
 */
export function describedAs(
  waxwing: Waxwing,
  brokerId: string,
  state: string,
  timeoutMs = clusterMs,
): Promise<DescribeBrokerCommandOutput> {
  return until(
    `broker ${brokerId} is ${state}`,
    async () => {
      const found = await describeBroker(waxwing, brokerId).catch(() => undefined);
      return found?.BrokerState === state ? found : undefined;
    },
    timeoutMs,
  );
}

/** Ends all that the tests of a service may have left of its clusters. */
export async function removeClusters(waxwing: Waxwing): Promise<void> {
  if (waxwing.isRunning) await waxwing.stop();
  const all = join(waxwing.folder.data, 'clusters');
  for (const brokerId of existsSync(all) ? readdirSync(all) : []) {
    await endMarkedProcesses(clusterFolder(waxwing, brokerId));
    for (const volume of volumesOf(waxwing, brokerId)) await volume.destroy();
  }
  await waxwing.remove();
}
