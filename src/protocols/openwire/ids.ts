// The ids of OpenWire as text.

import type {
  ConnectionId,
  ConsumerId,
  MessageId,
  ProducerId,
  SessionId,
  TransactionId,
} from './codec/commands.gen.ts';
import { types } from './codec/commands.gen.ts';
import type { Long } from './codec/wire-reader.ts';
import { OpenWireError } from './errors.ts';
import { idLengthMax } from './limits.ts';

type AnyId = ConnectionId | SessionId | ConsumerId | ProducerId;

/** Returns an id as users see it: `ID:host-1-2-0:1`, followed by the session and a number. */
export function idText(id: AnyId): string {
  switch (id.type) {
    case types.ConnectionId:
      return id.value ?? '';
    case types.SessionId:
      return `${id.connectionId}:${id.value}`;
    case types.ConsumerId:
    case types.ProducerId:
      return `${id.connectionId}:${id.sessionId}:${id.value}`;
  }
}

/** Returns the text of the session that a consumer or producer belongs to. */
export function sessionText({ connectionId, sessionId }: ConsumerId | ProducerId): string {
  return `${connectionId}:${sessionId}`;
}

/** The session that every connection has from its start. */
export function isFirstSession(sessionId: Long): boolean {
  return sessionId === -1;
}

/** The parts of a message's id that are those of its sender. */
type SentId = Pick<MessageId, 'textView' | 'producerId' | 'producerSequenceId'>;

/** Returns the id of a message as users see it. */
export function messageIdText({ textView, producerId, producerSequenceId }: SentId): string {
  if (textView !== undefined) return textView;
  return producerId === undefined ? '' : `${idText(producerId)}:${producerSequenceId}`;
}

/** Whether two ids are those of the same message. The broker's own number does not count. */
export function isSameMessage(a: SentId, b: SentId): boolean {
  if (a.producerSequenceId !== b.producerSequenceId) return false;
  const isSameProducer = a.producerId !== undefined && a.producerId === b.producerId;
  if (isSameProducer && a.textView === b.textView) return true;
  return messageIdText(a) === messageIdText(b);
}

/** Returns a transaction id as users see it. */
export function transactionText(id: TransactionId): string {
  if (id.type === types.LocalTransactionId) {
    return `TX:${id.connectionId?.value ?? ''}:${id.value}`;
  }
  const { formatId, globalTransactionId, branchQualifier } = id;
  const [global, branch] = [hexText(globalTransactionId), hexText(branchQualifier)];
  return `XID:[${formatId},globalId=${global},branchId=${branch}]`;
}

/** Each byte in hexadecimal, without leading zeros, as ActiveMQ shows it. */
function hexText(bytes: Buffer | undefined): string {
  let text = '';
  for (const byte of bytes ?? []) text += byte.toString(16);
  return text;
}

/**
 * Requires an id of a client to be present and short enough to be kept.
 *
 * @param what `consumer id`
 * @throws {OpenWireError} `invalid`
 */
export function requireId<Id extends AnyId>(what: string, id: Id | undefined): Id {
  if (id === undefined) throw new OpenWireError('invalid', `the command has no ${what}`, 'jms');
  requireShort(what, id.type === types.ConnectionId ? id.value : id.connectionId);
  return id;
}

/**
 * Requires a text of a client to be short enough to be kept.
 *
 * @throws {OpenWireError} `invalid`
 */
export function requireShort(what: string, text: string | undefined): void {
  if (text === undefined || text.length <= idLengthMax) return;
  const found = `a ${what} of ${text.length} characters`;
  throw new OpenWireError(
    'invalid',
    `${found} is longer than the maximum of ${idLengthMax}`,
    'jms',
  );
}
