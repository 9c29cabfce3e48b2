// The ports of the instances of a pair.

import { createServer } from 'node:net';
import { WaxwingError } from '../../base/errors.ts';
import { freePorts, isInRange, type PortRange } from '../../base/port-range.ts';
import type { PortRecord } from '../../control/broker-record.ts';
import type { BrokerSpec } from '../../control/engine.ts';

/** The settings of the ports of all brokers. */
export interface PairPortSettings {
  readonly host: string;
  /** 0 if brokers use any free ports. */
  readonly amqpsPort: number;
  /** The only ports of brokers, unless other programs use them; undefined for any. */
  readonly brokerPorts?: PortRange | undefined;
  /** Ports of the service itself, which no broker gets. */
  readonly servicePorts?: readonly number[] | undefined;
}

/** Ports of the range that are tried. */
const triedMax = 16;

/**
 * Chooses a port for each listener of each endpoint: that of the last start, or the standard port for
 * the first endpoint, or another. ActiveMQ opens them itself, and only on the active instance.
 *
 * @throws {WaxwingError} `port-in-use` if no port is free
 */
export async function choosePorts(
  { listeners, ports, portsOfOthers }: Pick<BrokerSpec, 'listeners' | 'ports' | 'portsOfOthers'>,
  settings: PairPortSettings,
): Promise<PortRecord[]> {
  const { host, amqpsPort, brokerPorts, servicePorts = [] } = settings;
  const known = ports.filter(({ wantedPort }) => !servicePorts.includes(wantedPort));
  const ofKnown = known.map(({ wantedPort }) => wantedPort);
  const taken = new Set([...portsOfOthers, ...servicePorts, ...ofKnown]);
  const chosen: PortRecord[] = [];
  for (const { name, endpoint, standardPort } of listeners) {
    const before = known.find((port) => port.listener === name && port.endpoint === endpoint);
    const isStandard = amqpsPort !== 0 && endpoint === 1 && !taken.has(standardPort);
    const standard = isStandard && (!brokerPorts || isInRange(brokerPorts, standardPort));
    const first = before?.wantedPort ?? (standard ? standardPort : undefined);
    const others = brokerPorts === undefined ? [] : freePorts(brokerPorts, taken, triedMax);
    const candidates = [...(first === undefined ? [] : [first]), ...others, 0];
    const port = await firstFree(host, candidates, chosen);
    taken.add(port);
    chosen.push({ listener: name, endpoint, port, wantedPort: first ?? port });
  }
  return chosen;
}

async function firstFree(
  host: string,
  candidates: readonly number[],
  chosen: readonly PortRecord[],
): Promise<number> {
  for (const candidate of candidates) {
    const port = await openable(host, candidate);
    if (port !== undefined && chosen.every((other) => other.port !== port)) return port;
  }
  throw new WaxwingError('port-in-use', `no port on ${host} is free for an instance of the broker`);
}

/** The port, if a program can listen on it now. */
function openable(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}
