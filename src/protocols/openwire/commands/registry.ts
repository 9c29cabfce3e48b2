// The commands of clients that have logged in.

import { listedName, qualifiedName } from '../../../broker/activemq/destination.ts';
import { addressesOf } from '../address.ts';
import type {
  DataStructure,
  ProducerInfo,
  RemoveInfo,
  SessionInfo,
} from '../codec/commands.gen.ts';
import { keepAliveInfo, types } from '../codec/commands.gen.ts';
import { allSeen } from '../consuming/consumer.ts';
import { OpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText, isFirstSession, requireId } from '../ids.ts';
import { countsMax } from '../limits.ts';
import { acknowledge, pull } from './acknowledge.ts';
import { addConsumer, controlConsumer, removeSubscription, requireSession } from './consume.ts';
import { changeDestination } from './destinations.ts';
import { transaction } from './transaction.ts';

/**
 * Handles a command. Messages, and the commands that begin or end a connection, are handled by the
 * connection itself.
 *
 * @returns false if no client may send it
 */
export function handle(host: OpenWireHost, command: DataStructure): boolean {
  switch (command.type) {
    case types.SessionInfo:
      addSession(host, command);
      return true;
    case types.ProducerInfo:
      addProducer(host, command);
      return true;
    case types.ConsumerInfo:
      addConsumer(host, command);
      return true;
    case types.DestinationInfo:
      changeDestination(host, command);
      return true;
    case types.RemoveInfo:
      remove(host, command);
      return true;
    case types.RemoveSubscriptionInfo:
      removeSubscription(host, command);
      return true;
    case types.TransactionInfo:
      transaction(host, command);
      return true;
    case types.MessageAck:
      acknowledge(host, command);
      return true;
    case types.MessagePull:
      pull(host, command);
      return true;
    case types.ConsumerControl:
      controlConsumer(host, command);
      return true;
    default:
      return handleOther(host, command);
  }
}

function handleOther(host: OpenWireHost, command: DataStructure): boolean {
  switch (command.type) {
    case types.KeepAliveInfo:
      if (command.responseRequired) host.send(keepAliveInfo({ commandId: command.commandId }));
      return true;
    case types.BrokerInfo: {
      const why = 'network connectors are not supported by this broker';
      throw new OpenWireError('invalid', why, 'io');
    }
    // These have no effect. `ControlCommand` must not shut the broker down.
    case types.ControlCommand:
    case types.FlushCommand:
    case types.ConnectionControl:
    case types.ConnectionError:
    case types.ReplayCommand:
    case types.PartialCommand:
    case types.LastPartialCommand:
    case types.DiscoveryEvent:
      return true;
    default:
      return false;
  }
}

function addSession(host: OpenWireHost, info: SessionInfo): void {
  const id = requireId('session id', info.sessionId);
  if (id.connectionId !== host.connectionId) {
    const why = `the session ${idText(id)} does not belong to connection ${host.connectionId}`;
    throw new OpenWireError('invalid', why, 'state');
  }
  if (host.sessions.size >= countsMax.sessions) {
    const why = `more than ${countsMax.sessions} sessions of one connection`;
    throw new OpenWireError('invalid', why, 'state');
  }
  host.sessions.add(idText(id));
  host.respond(info, 0);
}

function addProducer(host: OpenWireHost, info: ProducerInfo): void {
  const id = requireId('producer id', info.producerId);
  requireSession(host, id, 'producer');
  if (info.destination !== undefined) {
    const addresses = addressesOf(info.destination);
    const shown = listedName(addresses);
    for (const address of addresses) {
      host.dialect.rights.require(host.access, 'write', address, shown);
      const isLasting = address.kind === 'queue' || address.kind === 'topic';
      if (isLasting || host.dialect.temporaries.has(address)) continue;
      throw new OpenWireError('invalid', qualifiedName(address), 'missing');
    }
  }
  host.producers.add(info, id);
  host.respond(info, 0);
}

/** Removes a consumer, a producer, or a session. The connection handles its own removal. */
function remove(host: OpenWireHost, command: RemoveInfo): void {
  const { objectId, lastDeliveredSequenceId } = command;
  const lastSeen = lastSeenOf(lastDeliveredSequenceId, host.codec.format.version);
  switch (objectId?.type) {
    case types.ConsumerId: {
      const consumer = host.consumers.find(objectId);
      if (consumer === undefined) {
        removeUnknown(
          host,
          command,
          `a consumer that had not been registered: ${idText(objectId)}`,
        );
        return;
      }
      host.consumers.remove(consumer);
      host.gate.finishFirst(consumer.requeueAll(lastSeen), () => host.respond(command, 0));
      return;
    }
    case types.ProducerId:
      if (host.producers.remove(objectId)) host.respond(command, 0);
      else
        removeUnknown(
          host,
          command,
          `a producer that had not been registered: ${idText(objectId)}`,
        );
      return;
    case types.SessionId: {
      const session = idText(objectId);
      if (!host.sessions.delete(session) && !isFirstSession(objectId.value)) {
        removeUnknown(host, command, `session that had not been registered: ${session}`);
        return;
      }
      const steps = host.consumers.close(session, lastSeen, (bug) => host.deliveryFailed(bug));
      host.gate.finishFirst(host.producers.close(session));
      host.gate.finishFirst(steps, () => host.respond(command, 0));
      return;
    }
    default:
      throw new OpenWireError('invalid', 'the command does not name what to remove', 'jms');
  }
}

/** Clients that want no answer do not expect an error either. */
function removeUnknown(_host: OpenWireHost, command: RemoveInfo, what: string): void {
  if (!command.responseRequired) return;
  throw new OpenWireError('invalid', `Cannot remove ${what}`, 'state');
}

/** Old versions do not tell what the client has seen. */
export function lastSeenOf(sequence: number | bigint, version: number): number {
  return version < 5 ? allSeen : Number(sequence);
}
