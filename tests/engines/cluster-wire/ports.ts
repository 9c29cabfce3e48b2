// On which ports brokers listen, and what for.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { DescribeBrokerCommandOutput } from '@aws-sdk/client-mq';
import { processesOf } from '../../support/cluster-machine.ts';

/** The ports of a broker, by the schemes of their URLs. */
export function endpointsOf(
  found: Pick<DescribeBrokerCommandOutput, 'BrokerInstances'>,
): Map<string, number> {
  const urls = (found.BrokerInstances ?? []).flatMap(({ Endpoints = [], ConsoleURL }) => [
    ...Endpoints,
    ...(ConsoleURL === undefined ? [] : [ConsoleURL]),
  ]);
  return new Map(
    urls.map((url) => {
      const [, scheme = '', port = ''] = /^([\w+]+):\/\/[^:/]+:(\d+)/.exec(url) ?? [];
      return [scheme, Number(port)];
    }),
  );
}

/** The ports on which the processes of a cluster listen, and what they are for. */
export function portsOf(folder: string): Map<number, string> {
  const processes = processesOf(folder);
  const distribution = new Set(
    processes.flatMap(({ environment }) =>
      environment.flatMap((each) => /^RABBITMQ_DIST_PORT=(\d+)$/.exec(each)?.[1] ?? []),
    ),
  );
  const epmd = processes.find(({ pid }) => nameOf(pid).startsWith('epmd'))?.pid;
  const ports = new Map<number, string>();
  for (const [port, pid] of listening()) {
    if (!processes.some((each) => each.pid === pid)) continue;
    const isDistribution = distribution.has(String(port));
    const kind = isDistribution ? 'node to node' : 'node, for clients and management';
    ports.set(port, pid === epmd ? 'epmd' : kind);
  }
  return ports;
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8');
}

/** The Java machines of a pair, by the number of their instance. */
export function pairPids(mountpoint: string): Map<number, number> {
  const pids = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const text = argumentsOf(name);
    const [, number] = text.includes(mountpoint)
      ? (/instance-(\d)\/activemq\.xml/.exec(text) ?? [])
      : [];
    if (number !== undefined && text.includes('activemq.jar'))
      pids.set(Number(number), Number(name));
  }
  return pids;
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

/** All ports on which programs of this network listen, with the process. */
export function listening(): [port: number, pid: number][] {
  const lines = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line): [number, number][] => {
    const port = Number(line.split(/\s+/)[3]?.split(':').at(-1));
    const pid = Number(/pid=(\d+)/.exec(line)?.[1]);
    return Number.isInteger(port) && Number.isInteger(pid) ? [[port, pid]] : [];
  });
}
