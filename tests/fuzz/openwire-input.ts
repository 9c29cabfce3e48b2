// Random OpenWire commands, and the names of their handlers.

import type { MessageDispatch } from '../../src/protocols/openwire/codec/commands.gen.ts';
import {
  connectionControl,
  consumerControl,
  type DataStructure,
  type Destination,
  destinationInfo,
  messageAck,
  messagePull,
  producerInfo,
  removeInfo,
  removeSubscriptionInfo,
  sessionInfo,
  shutdownInfo,
  type TransactionId,
  transactionInfo,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import type { OpenWirePeer } from '../support/openwire-peer.ts';
import { randomStructure } from '../support/openwire-structures.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** The names of structures by their type number. */
export const typeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(types).map(([name, type]) => [type, name]),
);

const actions = ['begin', 'prepare', 'commit', 'commit prepared', 'rollback', 'recover'];
actions.push('forget', 'end');
const ackKinds = ['delivered', 'poison', 'standard', 'redelivered', 'individual', 'unmatched'];
ackKinds.push('expired');
const operations = ['add', 'remove'];
const removable = ['ConnectionId', 'SessionId', 'ConsumerId', 'ProducerId'];

/** Structures that are not commands of clients: parts of others, answers, and commands of brokers. */
const otherStructures = [
  'BrokerInfo',
  'ProducerAck',
  'MessageDispatch',
  'PlainResponse',
  'ExceptionResponse',
  'DataResponse',
  'DataArrayResponse',
  'IntegerResponse',
  'SubscriptionInfo',
  'MessageDispatchNotification',
  'NetworkBridgeFilter',
  'BrokerSubscriptionInfo',
  'QueueDestination',
  'TopicDestination',
  'TempQueueDestination',
  'TempTopicDestination',
  'MessageId',
  'LocalTransactionId',
  'XaTransactionId',
  'ConnectionId',
  'SessionId',
  'ConsumerId',
  'ProducerId',
  'BrokerId',
];

/** The commands of clients whose handler depends on one of their fields. */
const divided = new Map<string, readonly string[]>([
  ['TransactionInfo', actions],
  ['MessageAck', ackKinds],
  ['DestinationInfo', operations],
  ['RemoveInfo', removable],
]);

/** The handlers of the commands of clients. */
export const commandHandlers: readonly string[] = Object.keys(types)
  .filter((name) => !otherStructures.includes(name))
  .flatMap((name) => divided.get(name)?.map((kind) => `${name} ${kind}`) ?? [name]);

/** The name of the handler of a command. */
export function handlerOf(command: DataStructure): string {
  const name = typeNames.get(command.type) ?? String(command.type);
  switch (command.type) {
    case types.TransactionInfo:
      return `${name} ${actions[command.action]}`;
    case types.MessageAck:
      return `${name} ${ackKinds[command.ackType]}`;
    case types.DestinationInfo:
      return `${name} ${operations[command.operationType]}`;
    case types.RemoveInfo:
      return `${name} ${typeNames.get(command.objectId?.type ?? 0)}`;
    default:
      return name;
  }
}

/** Whether a command is never answered, or not by a response. */
export function isUnanswered({ type }: DataStructure): boolean {
  return unanswered.has(type);
}

const unanswered: ReadonlySet<number> = new Set([
  types.KeepAliveInfo,
  types.ShutdownInfo,
  types.ControlCommand,
  types.FlushCommand,
  types.ConnectionControl,
  types.ConnectionError,
  types.ReplayCommand,
  types.PartialCommand,
  types.LastPartialCommand,
  types.DiscoveryEvent,
]);

const names = [
  'a',
  'b.c',
  '>',
  'b.*',
  'a,topic://t',
  't',
  't.>',
  'VirtualTopic.x',
  'Consumer.c.VirtualTopic.x',
  'ID:c-1:1:1',
  'ID:w:1',
  'ActiveMQ.DLQ',
  'ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.Consumer.>',
  'ActiveMQ.Advisory.>',
  'amq.subscription.x',
  '',
  ',',
  'a?consumer.prefetchSize=5',
  'x'.repeat(300),
];
const selectors = ["a = 'b'", 'n > 5', 'a IN (', "a LIKE '%x%'", '((((', ''];

function destination(random: SeededRandom): Destination {
  return {
    type: random.pick([100, 101, 102, 103] as const),
    physicalName: random.pick(names),
  } as Destination; // one of the four
}

/** A temporary destination with a name that the client may give. */
function ownTemporary(random: SeededRandom, peer: OpenWirePeer): Destination {
  const physicalName = `${peer.connectionId}:${random.below(3)}`;
  return { type: random.pick([102, 103] as const), physicalName } as Destination; // one of the two
}

function anyDestination(random: SeededRandom, peer: OpenWirePeer): Destination {
  return random.oneIn(6) ? ownTemporary(random, peer) : destination(random);
}

function transactionId(random: SeededRandom, peer: OpenWirePeer): TransactionId | undefined {
  if (random.oneIn(2)) return undefined;
  if (random.oneIn(2)) {
    const connectionId = { type: types.ConnectionId, value: peer.connectionId } as const;
    return { type: types.LocalTransactionId, value: random.below(3), connectionId };
  }
  return {
    type: types.XaTransactionId,
    formatId: random.pick([0, 1, -1]),
    globalTransactionId: Buffer.from([random.below(3)]),
    branchQualifier: random.oneIn(5) ? undefined : Buffer.from([1]),
  };
}

type Make = (
  random: SeededRandom,
  peer: OpenWirePeer,
  seen: readonly MessageDispatch[],
) => DataStructure;

const consumerId = (random: SeededRandom, peer: OpenWirePeer) =>
  ({
    type: types.ConsumerId,
    connectionId: peer.connectionId,
    sessionId: random.pick([1, -1, 7]),
    value: random.below(4),
  }) as const;

const makers: readonly Make[] = [
  (random, peer) =>
    peer.message(anyDestination(random, peer), random.pick(['', 'text', 'x'.repeat(500)]), {
      persistent: random.oneIn(2),
      expiration: random.pick([0, 1, 9_999_999_999_999]),
      priority: random.pick([0, 4, 99, -1]),
      transactionId: transactionId(random, peer),
      responseRequired: random.oneIn(2),
      type: random.pick([23, 24, 25, 26, 27, 28, 29] as const),
      compressed: random.oneIn(9),
      marshalledProperties: random.oneIn(3) ? random.bytes(30) : undefined,
    }),
  (random, peer) => ({
    ...peer.consumer(random.below(4), anyDestination(random, peer), {
      prefetchSize: random.pick([0, 1, 3, 1000, -5]),
      browser: random.oneIn(6),
      selector: random.oneIn(3) ? random.pick(selectors) : undefined,
      subscriptionName: random.oneIn(4) ? 'n' : undefined,
      noLocal: random.oneIn(4),
      exclusive: random.oneIn(6),
      priority: random.below(10) - 5,
      responseRequired: random.oneIn(2),
    }),
  }),
  (random, peer, seen) => {
    const from = random.below(seen.length + 1);
    const some = seen.slice(from, from + 1 + random.below(4));
    const [first] = some;
    return messageAck({
      consumerId: first?.consumerId ?? consumerId(random, peer),
      transactionId: transactionId(random, peer),
      ackType: random.below(8),
      firstMessageId: random.oneIn(3) ? undefined : first?.message?.messageId,
      lastMessageId: some.at(-1)?.message?.messageId,
      messageCount: random.oneIn(5) ? random.below(9) - 2 : some.length,
      responseRequired: random.oneIn(2),
    });
  },
  (random, peer) =>
    transactionInfo({
      transactionId: transactionId(random, peer),
      action: random.below(9),
      responseRequired: random.oneIn(2),
    }),
  (random, peer) =>
    removeInfo({
      objectId: random.pick([
        consumerId(random, peer),
        consumerId(random, peer),
        peer.producerId(random.below(3)),
        { type: types.SessionId, connectionId: peer.connectionId, value: random.pick([1, 7]) },
      ]),
      lastDeliveredSequenceId: random.pick([-2, -1, 0, 1, 5]),
      responseRequired: random.oneIn(2),
    }),
  (random, peer) =>
    destinationInfo({
      destination: random.oneIn(2) ? ownTemporary(random, peer) : destination(random),
      operationType: random.below(3),
      connectionId: { type: types.ConnectionId, value: peer.connectionId },
      responseRequired: random.oneIn(2),
    }),
  (random, peer) =>
    messagePull({
      consumerId: consumerId(random, peer),
      timeout: random.pick([-1, 0, 5, 5000]),
      responseRequired: random.oneIn(2),
    }),
  (random, peer) =>
    consumerControl({
      consumerId: consumerId(random, peer),
      prefetch: random.pick([0, 1, 10, -1]),
      stop: random.oneIn(6),
      start: random.oneIn(3),
    }),
  () => removeSubscriptionInfo({ subscriptionName: 'n', responseRequired: true }),
  (random, peer) => {
    const value = random.pick([1, 2, 7]);
    const sessionId = { type: types.SessionId, connectionId: peer.connectionId, value } as const;
    return sessionInfo({ sessionId, responseRequired: random.oneIn(2) });
  },
  (random, peer) =>
    producerInfo({
      producerId: peer.producerId(random.below(3)),
      destination: random.oneIn(2) ? anyDestination(random, peer) : undefined,
      windowSize: random.pick([0, 1000]),
      responseRequired: random.oneIn(2),
    }),
  (random, peer) => (random.oneIn(12) ? leaving(random, peer) : harmless(random)),
  (random) => randomStructure(random),
];

/** The end of a connection. */
function leaving(random: SeededRandom, peer: OpenWirePeer): DataStructure {
  const objectId = { type: types.ConnectionId, value: peer.connectionId } as const;
  return random.oneIn(2) ? removeInfo({ objectId, responseRequired: true }) : shutdownInfo();
}

/** A command without an effect. */
function harmless(random: SeededRandom): DataStructure {
  if (random.oneIn(2)) return connectionControl({ close: true });
  const command = random.pick(['shutdown', '', undefined]);
  return { type: types.ControlCommand, commandId: 0, responseRequired: false, command };
}

/** A command that a client could send, or something like it. */
export function randomCommand(
  random: SeededRandom,
  peer: OpenWirePeer,
  seen: readonly MessageDispatch[],
): DataStructure {
  // Messages and consumers are most of what clients send.
  const make = random.oneIn(2) ? makers[random.below(3)] : random.pick(makers);
  return (make ?? randomStructure)(random, peer, seen);
}

/** Commands that only have an effect one after another. */
export function randomScript(random: SeededRandom, peer: OpenWirePeer): DataStructure[] {
  return random.oneIn(4) ? subscriptionScript(peer) : transactionScript(random, peer);
}

function transactionScript(random: SeededRandom, peer: OpenWirePeer): DataStructure[] {
  const isXa = !random.oneIn(3);
  const value = 100 + random.below(1_000_000);
  const id: TransactionId = isXa
    ? {
        type: types.XaTransactionId,
        formatId: 1,
        globalTransactionId: Buffer.from(String(value)),
        branchQualifier: Buffer.from([1]),
      }
    : {
        type: types.LocalTransactionId,
        value,
        connectionId: { type: types.ConnectionId, value: peer.connectionId },
      };
  const perform = (name: string) =>
    transactionInfo({ transactionId: id, action: actions.indexOf(name), responseRequired: true });
  const to = { type: types.QueueDestination, physicalName: 'a' } as const;
  const send = peer.message(to, 'x', { transactionId: id, responseRequired: true });
  const outcomes = isXa
    ? [['prepare', 'commit prepared'], ['prepare', 'rollback'], ['prepare', 'forget'], ['commit']]
    : [['commit'], ['rollback']];
  const ends = random.pick(outcomes);
  return [perform('begin'), send, perform('end'), ...ends.map(perform)];
}

function subscriptionScript(peer: OpenWirePeer): DataStructure[] {
  const to = { type: types.TopicDestination, physicalName: 't' } as const;
  const subscriptionName = 'scripted';
  const info = peer.consumer(9, to, { subscriptionName, responseRequired: true });
  return [
    info,
    removeInfo({ objectId: info.consumerId, responseRequired: true }),
    removeSubscriptionInfo({ subscriptionName, responseRequired: true }),
  ];
}
