// The choice of the ports of a broker.

import { freePorts, isInRange, type PortRange } from '../../base/port-range.ts';
import type { PortRecord } from '../../control/broker-record.ts';
import type { BrokerSpec, ListenerPlan } from '../../control/engine.ts';

/** Maximum number of ports of the range that are tried after the preferred one. */
const otherPortCountMax = 16;

/** The settings of the ports of all brokers. */
export interface PortSettings {
  /** The port that a broker prefers over any other; 0 for none. */
  readonly amqpsPort: number;
  /** The only ports of brokers, unless other programs use them; undefined for any. */
  readonly brokerPorts?: PortRange | undefined;
  /** Ports of the service itself, which no broker gets. */
  readonly servicePorts?: readonly number[] | undefined;
}

type Ported = Pick<BrokerSpec, 'ports' | 'portsOfOthers'>;
interface Listener extends Pick<ListenerPlan, 'name' | 'standardPort'> {
  /** The preferred port in the broker's configuration; undefined if that names none. */
  readonly configuredPort?: number | undefined;
}

/**
 * The preferred ports of listeners: those of an earlier start, or the standard ports unless another
 * broker prefers them; 0 for any. A port in the configuration comes first. With a range of ports,
 * others of the range replace those outside of it.
 */
export function wantedPorts(
  { ports, portsOfOthers }: Ported,
  listeners: readonly Listener[],
  settings: PortSettings,
): readonly number[] {
  const { amqpsPort, brokerPorts, servicePorts = [] } = settings;
  const taken = new Set([...portsOfOthers, ...servicePorts]);
  const known = listeners.map(({ name }) => {
    const ofBefore = ports.find((port) => port.listener === name)?.wantedPort;
    return ofBefore !== undefined && servicePorts.includes(ofBefore) ? undefined : ofBefore;
  });
  for (const port of known) if (port !== undefined) taken.add(port);
  return listeners.map(({ name, standardPort, configuredPort }, at) => {
    const ofBefore = known[at];
    const isSame = configuredPort === undefined || configuredPort === ofBefore;
    if (ofBefore !== undefined && isSame) return ofBefore;
    // If AMQP uses any free port, no other protocol needs its standard port.
    const standard = name === 'amqps' || amqpsPort === 0 ? amqpsPort : standardPort;
    const first = configuredPort ?? standard;
    const isUsable = brokerPorts === undefined || isInRange(brokerPorts, first);
    const port = isUsable && !taken.has(first) ? first : (ofBefore ?? nextPort(taken, settings));
    taken.add(port);
    return port;
  });
}

/** 0 if every port may be used, or no port of the range is left. */
function nextPort(taken: ReadonlySet<number>, { brokerPorts }: PortSettings): number {
  return (brokerPorts && freePorts(brokerPorts, taken, 1)[0]) ?? 0;
}

/** Ports of the range to try if another program uses the preferred one. */
export function otherPorts(
  { portsOfOthers }: Ported,
  wanted: readonly number[],
  { brokerPorts, servicePorts = [] }: PortSettings,
): number[] {
  if (brokerPorts === undefined) return [];
  const taken = new Set([...portsOfOthers, ...servicePorts, ...wanted]);
  return freePorts(brokerPorts, taken, otherPortCountMax);
}

/** The port for the record, and what to report if another program uses the preferred one. */
export function portRecord(
  of: Pick<PortRecord, 'listener' | 'endpoint'>,
  wanted: number,
  port: number,
  host: string,
): { readonly record: PortRecord; readonly warning: string | undefined } {
  const wantedPort = wanted === 0 ? port : wanted;
  const text =
    `port ${wanted} on ${host} is in use by another program; the broker ` +
    `listens on port ${port} until a start finds port ${wanted} free`;
  const warning = wantedPort === port ? undefined : text;
  return { record: { ...of, port, wantedPort }, warning };
}
