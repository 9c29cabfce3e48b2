// Flows of messages from a producer to consumers.

import type { FlowReport } from '../../load.ts';
import { flowFigures } from '../../scenarios/messages.ts';
import type { ProtocolName, ProtocolPeer } from '../peers/peer.ts';
import type { ScenarioName } from '../results.ts';
import { peersOf, programs, type Session } from '../session.ts';

interface Flow {
  readonly scenario: ScenarioName;
  readonly protocol: ProtocolName;
  readonly args: readonly string[];
}

// A limit of unconsumed messages: the queue stays short, and the rate is the sustained rate from
// end to end.
const short = ['--inflight', '10000'];
const confirmed = ['--window', '1000'];
const receipts = [...short, ...confirmed];
const qos1 = ['--inflight', '1000', ...confirmed];
/** One transaction of JMS at a time: a commit waits for its answer. */
const transacted = ['--transaction', '100', '--window', '1'];

/** A producer waits for the response to each message. */
const synchronous = [...short, '--window', '1'];

/** Flows have one producer unless they say otherwise. Consumers acknowledge every 100 messages unless MQTT acknowledges each. */
const flows: readonly Flow[] = [
  { scenario: 'openwire-async', protocol: 'openwire', args: short },
  { scenario: 'openwire-transactions', protocol: 'openwire', args: [...short, ...transacted] },
  { scenario: 'openwire-sync', protocol: 'openwire', args: synchronous },
  { scenario: 'openwire-sync-8', protocol: 'openwire', args: [...synchronous, '--producers', '8'] },
  {
    scenario: 'openwire-sync-32',
    protocol: 'openwire',
    args: [...synchronous, '--producers', '32'],
  },
  { scenario: 'openwire-transient', protocol: 'openwire', args: [...short, '--transient'] },
  { scenario: 'stomp-receipts', protocol: 'stomp', args: receipts },
  { scenario: 'stomp', protocol: 'stomp', args: short },
  {
    scenario: 'stomp-transactions',
    protocol: 'stomp',
    args: [...short, '--transaction', '100', '--window', '10'],
  },
  { scenario: 'stomp-transient', protocol: 'stomp', args: [...short, '--transient'] },
  { scenario: 'mqtt-qos1', protocol: 'mqtt', args: qos1 },
  {
    scenario: 'mqtt-fan-out',
    protocol: 'mqtt',
    args: ['--inflight', '100', '--transient', '--consumers', '100'],
  },
  { scenario: 'amqp10', protocol: 'amqp10', args: [...short, ...confirmed] },
  { scenario: 'rabbitmq-mqtt-qos1', protocol: 'mqtt', args: qos1 },
  {
    scenario: 'rabbitmq-stomp-receipts',
    protocol: 'stomp',
    args: [...receipts, '--virtual-host', '/'],
  },
];

async function run(
  session: Session,
  peer: ProtocolPeer,
  flow: Flow,
  bodyBytes: number,
  round: number,
): Promise<FlowReport> {
  const { options, load } = session;
  const name = `${flow.scenario}-${bodyBytes}-${round}`;
  const address = flow.protocol === 'amqp10' ? ((await peer.amqpAddress?.(name)) ?? name) : name;
  const seconds = round === 0 ? options.firstSeconds : options.seconds;
  const time = ['--warmup', round === 0 ? '0' : '2', '--duration', String(seconds)];
  const args = [...flow.args, '--queue', address, '--size', String(bodyBytes), ...time];
  const endpoint = peer.endpoint(flow.protocol);
  if (endpoint === undefined) throw new Error('the broker has no endpoint for it');
  return await load.run(endpoint, peer.pids(), args, programs[flow.protocol]);
}

/** Runs a flow in alternation against its brokers, each after an unmeasured run (round 0). */
async function measure(session: Session, flow: Flow, bodyBytes: number): Promise<void> {
  const failed = new Set<ProtocolPeer>();
  const peers = peersOf(session, flow.scenario, flow.protocol);
  for (let round = 0; round <= session.options.rounds; round++) {
    for (const peer of peers.filter((one) => !failed.has(one))) {
      try {
        const figures = flowFigures(await run(session, peer, flow, bodyBytes, round));
        const where = { scenario: flow.scenario, peer: peer.name, bodyBytes, round };
        if (round > 0) session.record({ ...where, figures });
      } catch (error) {
        failed.add(peer);
        session.leaveOut(`${flow.scenario} of ${peer.name}`, error);
      }
    }
  }
}

/** All flows of messages. */
export async function measureFlows(session: Session): Promise<void> {
  for (const flow of flows.filter(({ scenario }) => session.options.only.includes(scenario)))
    for (const size of session.options.sizes) await measure(session, flow, size);
}
