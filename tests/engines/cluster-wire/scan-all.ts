// Asks every port of a service with a cluster, a pair and a single broker what it accepts.

import { readdirSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { mountpointOf } from '../../../src/volumes/mountpoint.ts';
import { clusterMs, describedAs, engineVariables } from '../../support/cluster-machine.ts';
import { until } from '../../support/processes.ts';
import type { Waxwing } from '../../support/waxwing.ts';
import { endpointsOf, listening, pairPids, portsOf } from './ports.ts';
import { problemsOf, type Scan, scan } from './tls-scan.ts';

/** What a node is told before TLS begins (PROXY protocol, version 1). */
const proxyLine = 'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n';
/** Time for an answer to a ClientHello, milliseconds. */
const helloMs = 10_000;

/** The scans of all ports by what they are for, and what is wrong with them. */
export async function scanAll(
  waxwing: Waxwing,
  clusterId: string,
  folder: string,
  problems: string[],
): Promise<Record<string, Scan>> {
  const scans: Record<string, Scan> = {};
  const look = async (name: string, port: number) => {
    const found = await scan(port);
    scans[name] = found;
    problems.push(...problemsOf(found).map((text) => `${name}: ${text}`));
  };
  const cluster = await describedAs(waxwing, clusterId, 'RUNNING');
  for (const [scheme, port] of endpointsOf(cluster)) await look(`cluster, ${scheme}`, port);
  await scanNodes(folder, look);
  const single = new URL(waxwing.amqpUrl.replace('amqps:', 'https:'));
  await look('single broker, AMQP', Number(single.port));
  await look('service', waxwing.apiPort);
  if (typeof (await findPairInstallation(engineVariables)) !== 'string') {
    await scanPair(waxwing, look, problems);
  }
  return scans;
}

/** All ports of the nodes but that of epmd, which has no TLS: it tells names of nodes and their ports. */
async function scanNodes(
  folder: string,
  look: (name: string, port: number) => Promise<void>,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const [port, kind] of portsOf(folder)) {
    if (kind === 'epmd') continue;
    const isOfDistribution = kind === 'node to node';
    const isDirect = isOfDistribution || (await answersTls(port));
    const what = isOfDistribution ? kind : isDirect ? 'management of a node' : 'AMQP of a node';
    const count = (counts.get(what) ?? 0) + 1;
    counts.set(what, count);
    if (isDirect) {
      await look(`cluster, ${what} ${count}`, port);
      continue;
    }
    // Without the line of a proxy, this port ends the connection.
    const proxy = await proxyTo(port);
    const address = proxy.address();
    await look(
      `cluster, ${what} ${count}, behind the line of a proxy`,
      typeof address === 'object' && address !== null ? address.port : 0,
    );
    proxy.close();
  }
}

/** Both instances of a pair: the second one listens once it has taken over. */
async function scanPair(
  waxwing: Waxwing,
  look: (name: string, port: number) => Promise<void>,
  problems: string[],
): Promise<void> {
  const id = await waxwing.createBroker({
    BrokerName: 'pair',
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    HostInstanceType: 'mq.m5.large',
  });
  const [volume = ''] = readdirSync(join(waxwing.folder.data, 'pairs', id));
  const mountpoint = mountpointOf(waxwing.folder.data, volume);
  const { BrokerInstances = [] } = await describedAs(waxwing, id, 'RUNNING');
  for (const [at, instance] of BrokerInstances.entries()) {
    const number = at + 1;
    const ports = endpointsOf({ BrokerInstances: [instance] });
    const open = () =>
      listening()
        .filter(([, pid]) => pid === pairPids(mountpoint).get(number))
        .map(([port]) => port);
    await until(`instance ${number} is active`, () => open().length > 0, clusterMs);
    const known = [...ports.values()];
    for (const port of open()) {
      if (!known.includes(port)) problems.push(`instance ${number} of the pair: port ${port}`);
    }
    for (const [scheme, port] of ports) await look(`pair, instance ${number}, ${scheme}`, port);
    if (number === BrokerInstances.length) break;
    process.kill(pairPids(mountpoint).get(number) ?? 0, 'SIGKILL');
  }
}

/** Whether a port answers a ClientHello that comes first. */
function answersTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const end = (isTls: boolean) => {
      socket.destroy();
      resolve(isTls);
    };
    socket.setTimeout(helloMs, () => end(false));
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

/** A server whose connections reach a port behind the line of a proxy. */
function proxyTo(port: number): Promise<Server> {
  const server = createServer((socket) => {
    const onward = connect({ port, host: '127.0.0.1' }, () => {
      onward.write(proxyLine);
      socket.pipe(onward).pipe(socket);
    });
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
