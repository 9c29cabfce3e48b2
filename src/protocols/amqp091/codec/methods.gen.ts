// Made by `npm run gen` from methods.table.ts. Not to be edited.

import type { Reader, Writer } from '../../../base/bytes.ts';
import { readRepeatedTable } from './repeated-table.ts';
import { type FieldTable, readTable, writeTable } from './tables.ts';

/** `connection.start` */
export interface ConnectionStart {
  readonly id: 0x000a000a;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly serverProperties: FieldTable;
  readonly mechanisms: Buffer;
  readonly locales: Buffer;
}

/** `connection.start-ok` */
export interface ConnectionStartOk {
  readonly id: 0x000a000b;
  readonly clientProperties: FieldTable;
  readonly mechanism: string;
  readonly response: Buffer;
  readonly locale: string;
}

/** `connection.secure` */
export interface ConnectionSecure {
  readonly id: 0x000a0014;
  readonly challenge: Buffer;
}

/** `connection.secure-ok` */
export interface ConnectionSecureOk {
  readonly id: 0x000a0015;
  readonly response: Buffer;
}

/** `connection.tune` */
export interface ConnectionTune {
  readonly id: 0x000a001e;
  readonly channelMax: number;
  readonly frameMax: number;
  readonly heartbeat: number;
}

/** `connection.tune-ok` */
export interface ConnectionTuneOk {
  readonly id: 0x000a001f;
  readonly channelMax: number;
  readonly frameMax: number;
  readonly heartbeat: number;
}

/** `connection.open` */
export interface ConnectionOpen {
  readonly id: 0x000a0028;
  readonly virtualHost: string;
}

/** `connection.open-ok` */
export interface ConnectionOpenOk {
  readonly id: 0x000a0029;
}

/** `connection.close` */
export interface ConnectionClose {
  readonly id: 0x000a0032;
  readonly replyCode: number;
  readonly replyText: string;
  readonly classId: number;
  readonly methodId: number;
}

/** `connection.close-ok` */
export interface ConnectionCloseOk {
  readonly id: 0x000a0033;
}

/** `connection.blocked` */
export interface ConnectionBlocked {
  readonly id: 0x000a003c;
  readonly reason: string;
}

/** `connection.unblocked` */
export interface ConnectionUnblocked {
  readonly id: 0x000a003d;
}

/** `connection.update-secret` */
export interface ConnectionUpdateSecret {
  readonly id: 0x000a0046;
  readonly newSecret: Buffer;
  readonly reason: string;
}

/** `connection.update-secret-ok` */
export interface ConnectionUpdateSecretOk {
  readonly id: 0x000a0047;
}

/** `channel.open` */
export interface ChannelOpen {
  readonly id: 0x0014000a;
}

/** `channel.open-ok` */
export interface ChannelOpenOk {
  readonly id: 0x0014000b;
}

/** `channel.flow` */
export interface ChannelFlow {
  readonly id: 0x00140014;
  readonly active: boolean;
}

/** `channel.flow-ok` */
export interface ChannelFlowOk {
  readonly id: 0x00140015;
  readonly active: boolean;
}

/** `channel.close` */
export interface ChannelClose {
  readonly id: 0x00140028;
  readonly replyCode: number;
  readonly replyText: string;
  readonly classId: number;
  readonly methodId: number;
}

/** `channel.close-ok` */
export interface ChannelCloseOk {
  readonly id: 0x00140029;
}

/** `access.request` */
export interface AccessRequest {
  readonly id: 0x001e000a;
  readonly realm: string;
  readonly exclusive: boolean;
  readonly passive: boolean;
  readonly active: boolean;
  readonly write: boolean;
  readonly read: boolean;
}

/** `access.request-ok` */
export interface AccessRequestOk {
  readonly id: 0x001e000b;
  readonly ticket: number;
}

/** `exchange.declare` */
export interface ExchangeDeclare {
  readonly id: 0x0028000a;
  readonly exchange: string;
  readonly type: string;
  readonly passive: boolean;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `exchange.declare-ok` */
export interface ExchangeDeclareOk {
  readonly id: 0x0028000b;
}

/** `exchange.delete` */
export interface ExchangeDelete {
  readonly id: 0x00280014;
  readonly exchange: string;
  readonly ifUnused: boolean;
  readonly noWait: boolean;
}

/** `exchange.delete-ok` */
export interface ExchangeDeleteOk {
  readonly id: 0x00280015;
}

/** `exchange.bind` */
export interface ExchangeBind {
  readonly id: 0x0028001e;
  readonly destination: string;
  readonly source: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `exchange.bind-ok` */
export interface ExchangeBindOk {
  readonly id: 0x0028001f;
}

/** `exchange.unbind` */
export interface ExchangeUnbind {
  readonly id: 0x00280028;
  readonly destination: string;
  readonly source: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `exchange.unbind-ok` */
export interface ExchangeUnbindOk {
  readonly id: 0x00280033;
}

/** `queue.declare` */
export interface QueueDeclare {
  readonly id: 0x0032000a;
  readonly queue: string;
  readonly passive: boolean;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `queue.declare-ok` */
export interface QueueDeclareOk {
  readonly id: 0x0032000b;
  readonly queue: string;
  readonly messageCount: number;
  readonly consumerCount: number;
}

/** `queue.bind` */
export interface QueueBind {
  readonly id: 0x00320014;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `queue.bind-ok` */
export interface QueueBindOk {
  readonly id: 0x00320015;
}

/** `queue.purge` */
export interface QueuePurge {
  readonly id: 0x0032001e;
  readonly queue: string;
  readonly noWait: boolean;
}

/** `queue.purge-ok` */
export interface QueuePurgeOk {
  readonly id: 0x0032001f;
  readonly messageCount: number;
}

/** `queue.delete` */
export interface QueueDelete {
  readonly id: 0x00320028;
  readonly queue: string;
  readonly ifUnused: boolean;
  readonly ifEmpty: boolean;
  readonly noWait: boolean;
}

/** `queue.delete-ok` */
export interface QueueDeleteOk {
  readonly id: 0x00320029;
  readonly messageCount: number;
}

/** `queue.unbind` */
export interface QueueUnbind {
  readonly id: 0x00320032;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** `queue.unbind-ok` */
export interface QueueUnbindOk {
  readonly id: 0x00320033;
}

/** `basic.qos` */
export interface BasicQos {
  readonly id: 0x003c000a;
  readonly prefetchSize: number;
  readonly prefetchCount: number;
  readonly global: boolean;
}

/** `basic.qos-ok` */
export interface BasicQosOk {
  readonly id: 0x003c000b;
}

/** `basic.consume` */
export interface BasicConsume {
  readonly id: 0x003c0014;
  readonly queue: string;
  readonly consumerTag: string;
  readonly noLocal: boolean;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

/** `basic.consume-ok` */
export interface BasicConsumeOk {
  readonly id: 0x003c0015;
  readonly consumerTag: string;
}

/** `basic.cancel` */
export interface BasicCancel {
  readonly id: 0x003c001e;
  readonly consumerTag: string;
  readonly noWait: boolean;
}

/** `basic.cancel-ok` */
export interface BasicCancelOk {
  readonly id: 0x003c001f;
  readonly consumerTag: string;
}

/** `basic.publish` */
export interface BasicPublish {
  readonly id: 0x003c0028;
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly immediate: boolean;
}

/** `basic.return` */
export interface BasicReturn {
  readonly id: 0x003c0032;
  readonly replyCode: number;
  readonly replyText: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** `basic.deliver` */
export interface BasicDeliver {
  readonly id: 0x003c003c;
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
}

/** `basic.get` */
export interface BasicGet {
  readonly id: 0x003c0046;
  readonly queue: string;
  readonly noAck: boolean;
}

/** `basic.get-ok` */
export interface BasicGetOk {
  readonly id: 0x003c0047;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageCount: number;
}

/** `basic.get-empty` */
export interface BasicGetEmpty {
  readonly id: 0x003c0048;
}

/** `basic.ack` */
export interface BasicAck {
  readonly id: 0x003c0050;
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

/** `basic.reject` */
export interface BasicReject {
  readonly id: 0x003c005a;
  readonly deliveryTag: number;
  readonly requeue: boolean;
}

/** `basic.recover-async` */
export interface BasicRecoverAsync {
  readonly id: 0x003c0064;
  readonly requeue: boolean;
}

/** `basic.recover` */
export interface BasicRecover {
  readonly id: 0x003c006e;
  readonly requeue: boolean;
}

/** `basic.recover-ok` */
export interface BasicRecoverOk {
  readonly id: 0x003c006f;
}

/** `basic.nack` */
export interface BasicNack {
  readonly id: 0x003c0078;
  readonly deliveryTag: number;
  readonly multiple: boolean;
  readonly requeue: boolean;
}

/** `confirm.select` */
export interface ConfirmSelect {
  readonly id: 0x0055000a;
  readonly noWait: boolean;
}

/** `confirm.select-ok` */
export interface ConfirmSelectOk {
  readonly id: 0x0055000b;
}

/** `tx.select` */
export interface TxSelect {
  readonly id: 0x005a000a;
}

/** `tx.select-ok` */
export interface TxSelectOk {
  readonly id: 0x005a000b;
}

/** `tx.commit` */
export interface TxCommit {
  readonly id: 0x005a0014;
}

/** `tx.commit-ok` */
export interface TxCommitOk {
  readonly id: 0x005a0015;
}

/** `tx.rollback` */
export interface TxRollback {
  readonly id: 0x005a001e;
}

/** `tx.rollback-ok` */
export interface TxRollbackOk {
  readonly id: 0x005a001f;
}

/** Any method, told apart by `id`: class number in the upper 16 bits, method number below. */
export type Method =
  | ConnectionStart
  | ConnectionStartOk
  | ConnectionSecure
  | ConnectionSecureOk
  | ConnectionTune
  | ConnectionTuneOk
  | ConnectionOpen
  | ConnectionOpenOk
  | ConnectionClose
  | ConnectionCloseOk
  | ConnectionBlocked
  | ConnectionUnblocked
  | ConnectionUpdateSecret
  | ConnectionUpdateSecretOk
  | ChannelOpen
  | ChannelOpenOk
  | ChannelFlow
  | ChannelFlowOk
  | ChannelClose
  | ChannelCloseOk
  | AccessRequest
  | AccessRequestOk
  | ExchangeDeclare
  | ExchangeDeclareOk
  | ExchangeDelete
  | ExchangeDeleteOk
  | ExchangeBind
  | ExchangeBindOk
  | ExchangeUnbind
  | ExchangeUnbindOk
  | QueueDeclare
  | QueueDeclareOk
  | QueueBind
  | QueueBindOk
  | QueuePurge
  | QueuePurgeOk
  | QueueDelete
  | QueueDeleteOk
  | QueueUnbind
  | QueueUnbindOk
  | BasicQos
  | BasicQosOk
  | BasicConsume
  | BasicConsumeOk
  | BasicCancel
  | BasicCancelOk
  | BasicPublish
  | BasicReturn
  | BasicDeliver
  | BasicGet
  | BasicGetOk
  | BasicGetEmpty
  | BasicAck
  | BasicReject
  | BasicRecoverAsync
  | BasicRecover
  | BasicRecoverOk
  | BasicNack
  | ConfirmSelect
  | ConfirmSelectOk
  | TxSelect
  | TxSelectOk
  | TxCommit
  | TxCommitOk
  | TxRollback
  | TxRollbackOk;

/** The id of each method, by its name. */
export const methodIds = {
  connectionStart: 0x000a000a,
  connectionStartOk: 0x000a000b,
  connectionSecure: 0x000a0014,
  connectionSecureOk: 0x000a0015,
  connectionTune: 0x000a001e,
  connectionTuneOk: 0x000a001f,
  connectionOpen: 0x000a0028,
  connectionOpenOk: 0x000a0029,
  connectionClose: 0x000a0032,
  connectionCloseOk: 0x000a0033,
  connectionBlocked: 0x000a003c,
  connectionUnblocked: 0x000a003d,
  connectionUpdateSecret: 0x000a0046,
  connectionUpdateSecretOk: 0x000a0047,
  channelOpen: 0x0014000a,
  channelOpenOk: 0x0014000b,
  channelFlow: 0x00140014,
  channelFlowOk: 0x00140015,
  channelClose: 0x00140028,
  channelCloseOk: 0x00140029,
  accessRequest: 0x001e000a,
  accessRequestOk: 0x001e000b,
  exchangeDeclare: 0x0028000a,
  exchangeDeclareOk: 0x0028000b,
  exchangeDelete: 0x00280014,
  exchangeDeleteOk: 0x00280015,
  exchangeBind: 0x0028001e,
  exchangeBindOk: 0x0028001f,
  exchangeUnbind: 0x00280028,
  exchangeUnbindOk: 0x00280033,
  queueDeclare: 0x0032000a,
  queueDeclareOk: 0x0032000b,
  queueBind: 0x00320014,
  queueBindOk: 0x00320015,
  queuePurge: 0x0032001e,
  queuePurgeOk: 0x0032001f,
  queueDelete: 0x00320028,
  queueDeleteOk: 0x00320029,
  queueUnbind: 0x00320032,
  queueUnbindOk: 0x00320033,
  basicQos: 0x003c000a,
  basicQosOk: 0x003c000b,
  basicConsume: 0x003c0014,
  basicConsumeOk: 0x003c0015,
  basicCancel: 0x003c001e,
  basicCancelOk: 0x003c001f,
  basicPublish: 0x003c0028,
  basicReturn: 0x003c0032,
  basicDeliver: 0x003c003c,
  basicGet: 0x003c0046,
  basicGetOk: 0x003c0047,
  basicGetEmpty: 0x003c0048,
  basicAck: 0x003c0050,
  basicReject: 0x003c005a,
  basicRecoverAsync: 0x003c0064,
  basicRecover: 0x003c006e,
  basicRecoverOk: 0x003c006f,
  basicNack: 0x003c0078,
  confirmSelect: 0x0055000a,
  confirmSelectOk: 0x0055000b,
  txSelect: 0x005a000a,
  txSelectOk: 0x005a000b,
  txCommit: 0x005a0014,
  txCommitOk: 0x005a0015,
  txRollback: 0x005a001e,
  txRollbackOk: 0x005a001f,
} as const;

/** A method's name as the specification writes it. */
export const methodNames: Readonly<Record<Method['id'], string>> = {
  [0x000a000a]: 'connection.start',
  [0x000a000b]: 'connection.start-ok',
  [0x000a0014]: 'connection.secure',
  [0x000a0015]: 'connection.secure-ok',
  [0x000a001e]: 'connection.tune',
  [0x000a001f]: 'connection.tune-ok',
  [0x000a0028]: 'connection.open',
  [0x000a0029]: 'connection.open-ok',
  [0x000a0032]: 'connection.close',
  [0x000a0033]: 'connection.close-ok',
  [0x000a003c]: 'connection.blocked',
  [0x000a003d]: 'connection.unblocked',
  [0x000a0046]: 'connection.update-secret',
  [0x000a0047]: 'connection.update-secret-ok',
  [0x0014000a]: 'channel.open',
  [0x0014000b]: 'channel.open-ok',
  [0x00140014]: 'channel.flow',
  [0x00140015]: 'channel.flow-ok',
  [0x00140028]: 'channel.close',
  [0x00140029]: 'channel.close-ok',
  [0x001e000a]: 'access.request',
  [0x001e000b]: 'access.request-ok',
  [0x0028000a]: 'exchange.declare',
  [0x0028000b]: 'exchange.declare-ok',
  [0x00280014]: 'exchange.delete',
  [0x00280015]: 'exchange.delete-ok',
  [0x0028001e]: 'exchange.bind',
  [0x0028001f]: 'exchange.bind-ok',
  [0x00280028]: 'exchange.unbind',
  [0x00280033]: 'exchange.unbind-ok',
  [0x0032000a]: 'queue.declare',
  [0x0032000b]: 'queue.declare-ok',
  [0x00320014]: 'queue.bind',
  [0x00320015]: 'queue.bind-ok',
  [0x0032001e]: 'queue.purge',
  [0x0032001f]: 'queue.purge-ok',
  [0x00320028]: 'queue.delete',
  [0x00320029]: 'queue.delete-ok',
  [0x00320032]: 'queue.unbind',
  [0x00320033]: 'queue.unbind-ok',
  [0x003c000a]: 'basic.qos',
  [0x003c000b]: 'basic.qos-ok',
  [0x003c0014]: 'basic.consume',
  [0x003c0015]: 'basic.consume-ok',
  [0x003c001e]: 'basic.cancel',
  [0x003c001f]: 'basic.cancel-ok',
  [0x003c0028]: 'basic.publish',
  [0x003c0032]: 'basic.return',
  [0x003c003c]: 'basic.deliver',
  [0x003c0046]: 'basic.get',
  [0x003c0047]: 'basic.get-ok',
  [0x003c0048]: 'basic.get-empty',
  [0x003c0050]: 'basic.ack',
  [0x003c005a]: 'basic.reject',
  [0x003c0064]: 'basic.recover-async',
  [0x003c006e]: 'basic.recover',
  [0x003c006f]: 'basic.recover-ok',
  [0x003c0078]: 'basic.nack',
  [0x0055000a]: 'confirm.select',
  [0x0055000b]: 'confirm.select-ok',
  [0x005a000a]: 'tx.select',
  [0x005a000b]: 'tx.select-ok',
  [0x005a0014]: 'tx.commit',
  [0x005a0015]: 'tx.commit-ok',
  [0x005a001e]: 'tx.rollback',
  [0x005a001f]: 'tx.rollback-ok',
};

function readConnectionStart(r: Reader): ConnectionStart {
  const versionMajor = r.u8();
  const versionMinor = r.u8();
  const serverProperties = readTable(r);
  const mechanisms = r.longBytes();
  const locales = r.longBytes();
  return { id: 0x000a000a, versionMajor, versionMinor, serverProperties, mechanisms, locales };
}

function readConnectionStartOk(r: Reader): ConnectionStartOk {
  const clientProperties = readRepeatedTable(r);
  const mechanism = r.shortString();
  const response = r.longBytes();
  const locale = r.shortString();
  return { id: 0x000a000b, clientProperties, mechanism, response, locale };
}

function readConnectionSecure(r: Reader): ConnectionSecure {
  const challenge = r.longBytes();
  return { id: 0x000a0014, challenge };
}

function readConnectionSecureOk(r: Reader): ConnectionSecureOk {
  const response = r.longBytes();
  return { id: 0x000a0015, response };
}

function readConnectionTune(r: Reader): ConnectionTune {
  const channelMax = r.u16();
  const frameMax = r.u32();
  const heartbeat = r.u16();
  return { id: 0x000a001e, channelMax, frameMax, heartbeat };
}

function readConnectionTuneOk(r: Reader): ConnectionTuneOk {
  const channelMax = r.u16();
  const frameMax = r.u32();
  const heartbeat = r.u16();
  return { id: 0x000a001f, channelMax, frameMax, heartbeat };
}

function readConnectionOpen(r: Reader): ConnectionOpen {
  const virtualHost = r.shortString();
  r.shortString();
  r.u8();
  return { id: 0x000a0028, virtualHost };
}

function readConnectionOpenOk(r: Reader): ConnectionOpenOk {
  r.shortString();
  return { id: 0x000a0029 };
}

function readConnectionClose(r: Reader): ConnectionClose {
  const replyCode = r.u16();
  const replyText = r.shortString();
  const classId = r.u16();
  const methodId = r.u16();
  return { id: 0x000a0032, replyCode, replyText, classId, methodId };
}

function readConnectionCloseOk(): ConnectionCloseOk {
  return { id: 0x000a0033 };
}

function readConnectionBlocked(r: Reader): ConnectionBlocked {
  const reason = r.shortString();
  return { id: 0x000a003c, reason };
}

function readConnectionUnblocked(): ConnectionUnblocked {
  return { id: 0x000a003d };
}

function readConnectionUpdateSecret(r: Reader): ConnectionUpdateSecret {
  const newSecret = r.longBytes();
  const reason = r.shortString();
  return { id: 0x000a0046, newSecret, reason };
}

function readConnectionUpdateSecretOk(): ConnectionUpdateSecretOk {
  return { id: 0x000a0047 };
}

function readChannelOpen(r: Reader): ChannelOpen {
  r.shortString();
  return { id: 0x0014000a };
}

function readChannelOpenOk(r: Reader): ChannelOpenOk {
  r.longBytes();
  return { id: 0x0014000b };
}

function readChannelFlow(r: Reader): ChannelFlow {
  const bits1 = r.u8();
  const active = (bits1 & 1) !== 0;
  return { id: 0x00140014, active };
}

function readChannelFlowOk(r: Reader): ChannelFlowOk {
  const bits1 = r.u8();
  const active = (bits1 & 1) !== 0;
  return { id: 0x00140015, active };
}

function readChannelClose(r: Reader): ChannelClose {
  const replyCode = r.u16();
  const replyText = r.shortString();
  const classId = r.u16();
  const methodId = r.u16();
  return { id: 0x00140028, replyCode, replyText, classId, methodId };
}

function readChannelCloseOk(): ChannelCloseOk {
  return { id: 0x00140029 };
}

function readAccessRequest(r: Reader): AccessRequest {
  const realm = r.shortString();
  const bits1 = r.u8();
  const exclusive = (bits1 & 1) !== 0;
  const passive = (bits1 & 2) !== 0;
  const active = (bits1 & 4) !== 0;
  const write = (bits1 & 8) !== 0;
  const read = (bits1 & 16) !== 0;
  return { id: 0x001e000a, realm, exclusive, passive, active, write, read };
}

function readAccessRequestOk(r: Reader): AccessRequestOk {
  const ticket = r.u16();
  return { id: 0x001e000b, ticket };
}

function readExchangeDeclare(r: Reader): ExchangeDeclare {
  r.u16();
  const exchange = r.shortString();
  const type = r.shortString();
  const bits1 = r.u8();
  const passive = (bits1 & 1) !== 0;
  const durable = (bits1 & 2) !== 0;
  const autoDelete = (bits1 & 4) !== 0;
  const internal = (bits1 & 8) !== 0;
  const noWait = (bits1 & 16) !== 0;
  const args = readTable(r);
  return {
    id: 0x0028000a,
    exchange,
    type,
    passive,
    durable,
    autoDelete,
    internal,
    noWait,
    arguments: args,
  };
}

function readExchangeDeclareOk(): ExchangeDeclareOk {
  return { id: 0x0028000b };
}

function readExchangeDelete(r: Reader): ExchangeDelete {
  r.u16();
  const exchange = r.shortString();
  const bits1 = r.u8();
  const ifUnused = (bits1 & 1) !== 0;
  const noWait = (bits1 & 2) !== 0;
  return { id: 0x00280014, exchange, ifUnused, noWait };
}

function readExchangeDeleteOk(): ExchangeDeleteOk {
  return { id: 0x00280015 };
}

function readExchangeBind(r: Reader): ExchangeBind {
  r.u16();
  const destination = r.shortString();
  const source = r.shortString();
  const routingKey = r.shortString();
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  const args = readTable(r);
  return { id: 0x0028001e, destination, source, routingKey, noWait, arguments: args };
}

function readExchangeBindOk(): ExchangeBindOk {
  return { id: 0x0028001f };
}

function readExchangeUnbind(r: Reader): ExchangeUnbind {
  r.u16();
  const destination = r.shortString();
  const source = r.shortString();
  const routingKey = r.shortString();
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  const args = readTable(r);
  return { id: 0x00280028, destination, source, routingKey, noWait, arguments: args };
}

function readExchangeUnbindOk(): ExchangeUnbindOk {
  return { id: 0x00280033 };
}

function readQueueDeclare(r: Reader): QueueDeclare {
  r.u16();
  const queue = r.shortString();
  const bits1 = r.u8();
  const passive = (bits1 & 1) !== 0;
  const durable = (bits1 & 2) !== 0;
  const exclusive = (bits1 & 4) !== 0;
  const autoDelete = (bits1 & 8) !== 0;
  const noWait = (bits1 & 16) !== 0;
  const args = readTable(r);
  return {
    id: 0x0032000a,
    queue,
    passive,
    durable,
    exclusive,
    autoDelete,
    noWait,
    arguments: args,
  };
}

function readQueueDeclareOk(r: Reader): QueueDeclareOk {
  const queue = r.shortString();
  const messageCount = r.u32();
  const consumerCount = r.u32();
  return { id: 0x0032000b, queue, messageCount, consumerCount };
}

function readQueueBind(r: Reader): QueueBind {
  r.u16();
  const queue = r.shortString();
  const exchange = r.shortString();
  const routingKey = r.shortString();
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  const args = readTable(r);
  return { id: 0x00320014, queue, exchange, routingKey, noWait, arguments: args };
}

function readQueueBindOk(): QueueBindOk {
  return { id: 0x00320015 };
}

function readQueuePurge(r: Reader): QueuePurge {
  r.u16();
  const queue = r.shortString();
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  return { id: 0x0032001e, queue, noWait };
}

function readQueuePurgeOk(r: Reader): QueuePurgeOk {
  const messageCount = r.u32();
  return { id: 0x0032001f, messageCount };
}

function readQueueDelete(r: Reader): QueueDelete {
  r.u16();
  const queue = r.shortString();
  const bits1 = r.u8();
  const ifUnused = (bits1 & 1) !== 0;
  const ifEmpty = (bits1 & 2) !== 0;
  const noWait = (bits1 & 4) !== 0;
  return { id: 0x00320028, queue, ifUnused, ifEmpty, noWait };
}

function readQueueDeleteOk(r: Reader): QueueDeleteOk {
  const messageCount = r.u32();
  return { id: 0x00320029, messageCount };
}

function readQueueUnbind(r: Reader): QueueUnbind {
  r.u16();
  const queue = r.shortString();
  const exchange = r.shortString();
  const routingKey = r.shortString();
  const args = readTable(r);
  return { id: 0x00320032, queue, exchange, routingKey, arguments: args };
}

function readQueueUnbindOk(): QueueUnbindOk {
  return { id: 0x00320033 };
}

function readBasicQos(r: Reader): BasicQos {
  const prefetchSize = r.u32();
  const prefetchCount = r.u16();
  const bits1 = r.u8();
  const global = (bits1 & 1) !== 0;
  return { id: 0x003c000a, prefetchSize, prefetchCount, global };
}

function readBasicQosOk(): BasicQosOk {
  return { id: 0x003c000b };
}

function readBasicConsume(r: Reader): BasicConsume {
  r.u16();
  const queue = r.shortString();
  const consumerTag = r.shortString();
  const bits1 = r.u8();
  const noLocal = (bits1 & 1) !== 0;
  const noAck = (bits1 & 2) !== 0;
  const exclusive = (bits1 & 4) !== 0;
  const noWait = (bits1 & 8) !== 0;
  const args = readTable(r);
  return { id: 0x003c0014, queue, consumerTag, noLocal, noAck, exclusive, noWait, arguments: args };
}

function readBasicConsumeOk(r: Reader): BasicConsumeOk {
  const consumerTag = r.shortString();
  return { id: 0x003c0015, consumerTag };
}

function readBasicCancel(r: Reader): BasicCancel {
  const consumerTag = r.shortString();
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  return { id: 0x003c001e, consumerTag, noWait };
}

function readBasicCancelOk(r: Reader): BasicCancelOk {
  const consumerTag = r.shortString();
  return { id: 0x003c001f, consumerTag };
}

function readBasicPublish(r: Reader): BasicPublish {
  r.u16();
  const exchange = r.shortString();
  const routingKey = r.shortString();
  const bits1 = r.u8();
  const mandatory = (bits1 & 1) !== 0;
  const immediate = (bits1 & 2) !== 0;
  return { id: 0x003c0028, exchange, routingKey, mandatory, immediate };
}

function readBasicReturn(r: Reader): BasicReturn {
  const replyCode = r.u16();
  const replyText = r.shortString();
  const exchange = r.shortString();
  const routingKey = r.shortString();
  return { id: 0x003c0032, replyCode, replyText, exchange, routingKey };
}

function readBasicDeliver(r: Reader): BasicDeliver {
  const consumerTag = r.shortString();
  const deliveryTag = r.u64();
  const bits1 = r.u8();
  const redelivered = (bits1 & 1) !== 0;
  const exchange = r.shortString();
  const routingKey = r.shortString();
  return { id: 0x003c003c, consumerTag, deliveryTag, redelivered, exchange, routingKey };
}

function readBasicGet(r: Reader): BasicGet {
  r.u16();
  const queue = r.shortString();
  const bits1 = r.u8();
  const noAck = (bits1 & 1) !== 0;
  return { id: 0x003c0046, queue, noAck };
}

function readBasicGetOk(r: Reader): BasicGetOk {
  const deliveryTag = r.u64();
  const bits1 = r.u8();
  const redelivered = (bits1 & 1) !== 0;
  const exchange = r.shortString();
  const routingKey = r.shortString();
  const messageCount = r.u32();
  return { id: 0x003c0047, deliveryTag, redelivered, exchange, routingKey, messageCount };
}

function readBasicGetEmpty(r: Reader): BasicGetEmpty {
  r.shortString();
  return { id: 0x003c0048 };
}

function readBasicAck(r: Reader): BasicAck {
  const deliveryTag = r.u64();
  const bits1 = r.u8();
  const multiple = (bits1 & 1) !== 0;
  return { id: 0x003c0050, deliveryTag, multiple };
}

function readBasicReject(r: Reader): BasicReject {
  const deliveryTag = r.u64();
  const bits1 = r.u8();
  const requeue = (bits1 & 1) !== 0;
  return { id: 0x003c005a, deliveryTag, requeue };
}

function readBasicRecoverAsync(r: Reader): BasicRecoverAsync {
  const bits1 = r.u8();
  const requeue = (bits1 & 1) !== 0;
  return { id: 0x003c0064, requeue };
}

function readBasicRecover(r: Reader): BasicRecover {
  const bits1 = r.u8();
  const requeue = (bits1 & 1) !== 0;
  return { id: 0x003c006e, requeue };
}

function readBasicRecoverOk(): BasicRecoverOk {
  return { id: 0x003c006f };
}

function readBasicNack(r: Reader): BasicNack {
  const deliveryTag = r.u64();
  const bits1 = r.u8();
  const multiple = (bits1 & 1) !== 0;
  const requeue = (bits1 & 2) !== 0;
  return { id: 0x003c0078, deliveryTag, multiple, requeue };
}

function readConfirmSelect(r: Reader): ConfirmSelect {
  const bits1 = r.u8();
  const noWait = (bits1 & 1) !== 0;
  return { id: 0x0055000a, noWait };
}

function readConfirmSelectOk(): ConfirmSelectOk {
  return { id: 0x0055000b };
}

function readTxSelect(): TxSelect {
  return { id: 0x005a000a };
}

function readTxSelectOk(): TxSelectOk {
  return { id: 0x005a000b };
}

function readTxCommit(): TxCommit {
  return { id: 0x005a0014 };
}

function readTxCommitOk(): TxCommitOk {
  return { id: 0x005a0015 };
}

function readTxRollback(): TxRollback {
  return { id: 0x005a001e };
}

function readTxRollbackOk(): TxRollbackOk {
  return { id: 0x005a001f };
}

/** Reads the fields of the method `id`; undefined where there is no such method. */
export function readMethod(id: number, r: Reader): Method | undefined {
  switch (id) {
    case 0x000a000a:
      return readConnectionStart(r);
    case 0x000a000b:
      return readConnectionStartOk(r);
    case 0x000a0014:
      return readConnectionSecure(r);
    case 0x000a0015:
      return readConnectionSecureOk(r);
    case 0x000a001e:
      return readConnectionTune(r);
    case 0x000a001f:
      return readConnectionTuneOk(r);
    case 0x000a0028:
      return readConnectionOpen(r);
    case 0x000a0029:
      return readConnectionOpenOk(r);
    case 0x000a0032:
      return readConnectionClose(r);
    case 0x000a0033:
      return readConnectionCloseOk();
    case 0x000a003c:
      return readConnectionBlocked(r);
    case 0x000a003d:
      return readConnectionUnblocked();
    case 0x000a0046:
      return readConnectionUpdateSecret(r);
    case 0x000a0047:
      return readConnectionUpdateSecretOk();
    case 0x0014000a:
      return readChannelOpen(r);
    case 0x0014000b:
      return readChannelOpenOk(r);
    case 0x00140014:
      return readChannelFlow(r);
    case 0x00140015:
      return readChannelFlowOk(r);
    case 0x00140028:
      return readChannelClose(r);
    case 0x00140029:
      return readChannelCloseOk();
    case 0x001e000a:
      return readAccessRequest(r);
    case 0x001e000b:
      return readAccessRequestOk(r);
    case 0x0028000a:
      return readExchangeDeclare(r);
    case 0x0028000b:
      return readExchangeDeclareOk();
    case 0x00280014:
      return readExchangeDelete(r);
    case 0x00280015:
      return readExchangeDeleteOk();
    case 0x0028001e:
      return readExchangeBind(r);
    case 0x0028001f:
      return readExchangeBindOk();
    case 0x00280028:
      return readExchangeUnbind(r);
    case 0x00280033:
      return readExchangeUnbindOk();
    case 0x0032000a:
      return readQueueDeclare(r);
    case 0x0032000b:
      return readQueueDeclareOk(r);
    case 0x00320014:
      return readQueueBind(r);
    case 0x00320015:
      return readQueueBindOk();
    case 0x0032001e:
      return readQueuePurge(r);
    case 0x0032001f:
      return readQueuePurgeOk(r);
    case 0x00320028:
      return readQueueDelete(r);
    case 0x00320029:
      return readQueueDeleteOk(r);
    case 0x00320032:
      return readQueueUnbind(r);
    case 0x00320033:
      return readQueueUnbindOk();
    case 0x003c000a:
      return readBasicQos(r);
    case 0x003c000b:
      return readBasicQosOk();
    case 0x003c0014:
      return readBasicConsume(r);
    case 0x003c0015:
      return readBasicConsumeOk(r);
    case 0x003c001e:
      return readBasicCancel(r);
    case 0x003c001f:
      return readBasicCancelOk(r);
    case 0x003c0028:
      return readBasicPublish(r);
    case 0x003c0032:
      return readBasicReturn(r);
    case 0x003c003c:
      return readBasicDeliver(r);
    case 0x003c0046:
      return readBasicGet(r);
    case 0x003c0047:
      return readBasicGetOk(r);
    case 0x003c0048:
      return readBasicGetEmpty(r);
    case 0x003c0050:
      return readBasicAck(r);
    case 0x003c005a:
      return readBasicReject(r);
    case 0x003c0064:
      return readBasicRecoverAsync(r);
    case 0x003c006e:
      return readBasicRecover(r);
    case 0x003c006f:
      return readBasicRecoverOk();
    case 0x003c0078:
      return readBasicNack(r);
    case 0x0055000a:
      return readConfirmSelect(r);
    case 0x0055000b:
      return readConfirmSelectOk();
    case 0x005a000a:
      return readTxSelect();
    case 0x005a000b:
      return readTxSelectOk();
    case 0x005a0014:
      return readTxCommit();
    case 0x005a0015:
      return readTxCommitOk();
    case 0x005a001e:
      return readTxRollback();
    case 0x005a001f:
      return readTxRollbackOk();
    default:
      return undefined;
  }
}

function writeConnectionStart(w: Writer, m: ConnectionStart): void {
  w.u8(m.versionMajor);
  w.u8(m.versionMinor);
  writeTable(w, m.serverProperties);
  w.longBytes(m.mechanisms);
  w.longBytes(m.locales);
}

function writeConnectionStartOk(w: Writer, m: ConnectionStartOk): void {
  writeTable(w, m.clientProperties);
  w.shortString(m.mechanism);
  w.longBytes(m.response);
  w.shortString(m.locale);
}

function writeConnectionSecure(w: Writer, m: ConnectionSecure): void {
  w.longBytes(m.challenge);
}

function writeConnectionSecureOk(w: Writer, m: ConnectionSecureOk): void {
  w.longBytes(m.response);
}

function writeConnectionTune(w: Writer, m: ConnectionTune): void {
  w.u16(m.channelMax);
  w.u32(m.frameMax);
  w.u16(m.heartbeat);
}

function writeConnectionTuneOk(w: Writer, m: ConnectionTuneOk): void {
  w.u16(m.channelMax);
  w.u32(m.frameMax);
  w.u16(m.heartbeat);
}

function writeConnectionOpen(w: Writer, m: ConnectionOpen): void {
  w.shortString(m.virtualHost);
  w.shortString('');
  w.u8(0);
}

function writeConnectionOpenOk(w: Writer): void {
  w.shortString('');
}

function writeConnectionClose(w: Writer, m: ConnectionClose): void {
  w.u16(m.replyCode);
  w.shortString(m.replyText);
  w.u16(m.classId);
  w.u16(m.methodId);
}

function writeConnectionBlocked(w: Writer, m: ConnectionBlocked): void {
  w.shortString(m.reason);
}

function writeConnectionUpdateSecret(w: Writer, m: ConnectionUpdateSecret): void {
  w.longBytes(m.newSecret);
  w.shortString(m.reason);
}

function writeChannelOpen(w: Writer): void {
  w.shortString('');
}

function writeChannelOpenOk(w: Writer): void {
  w.longBytes(Buffer.alloc(0));
}

function writeChannelFlow(w: Writer, m: ChannelFlow): void {
  w.u8(m.active ? 1 : 0);
}

function writeChannelFlowOk(w: Writer, m: ChannelFlowOk): void {
  w.u8(m.active ? 1 : 0);
}

function writeChannelClose(w: Writer, m: ChannelClose): void {
  w.u16(m.replyCode);
  w.shortString(m.replyText);
  w.u16(m.classId);
  w.u16(m.methodId);
}

function writeAccessRequest(w: Writer, m: AccessRequest): void {
  w.shortString(m.realm);
  w.u8(
    (m.exclusive ? 1 : 0) |
      (m.passive ? 2 : 0) |
      (m.active ? 4 : 0) |
      (m.write ? 8 : 0) |
      (m.read ? 16 : 0),
  );
}

function writeAccessRequestOk(w: Writer, m: AccessRequestOk): void {
  w.u16(m.ticket);
}

function writeExchangeDeclare(w: Writer, m: ExchangeDeclare): void {
  w.u16(0);
  w.shortString(m.exchange);
  w.shortString(m.type);
  w.u8(
    (m.passive ? 1 : 0) |
      (m.durable ? 2 : 0) |
      (m.autoDelete ? 4 : 0) |
      (m.internal ? 8 : 0) |
      (m.noWait ? 16 : 0),
  );
  writeTable(w, m.arguments);
}

function writeExchangeDelete(w: Writer, m: ExchangeDelete): void {
  w.u16(0);
  w.shortString(m.exchange);
  w.u8((m.ifUnused ? 1 : 0) | (m.noWait ? 2 : 0));
}

function writeExchangeBind(w: Writer, m: ExchangeBind): void {
  w.u16(0);
  w.shortString(m.destination);
  w.shortString(m.source);
  w.shortString(m.routingKey);
  w.u8(m.noWait ? 1 : 0);
  writeTable(w, m.arguments);
}

function writeExchangeUnbind(w: Writer, m: ExchangeUnbind): void {
  w.u16(0);
  w.shortString(m.destination);
  w.shortString(m.source);
  w.shortString(m.routingKey);
  w.u8(m.noWait ? 1 : 0);
  writeTable(w, m.arguments);
}

function writeQueueDeclare(w: Writer, m: QueueDeclare): void {
  w.u16(0);
  w.shortString(m.queue);
  w.u8(
    (m.passive ? 1 : 0) |
      (m.durable ? 2 : 0) |
      (m.exclusive ? 4 : 0) |
      (m.autoDelete ? 8 : 0) |
      (m.noWait ? 16 : 0),
  );
  writeTable(w, m.arguments);
}

function writeQueueDeclareOk(w: Writer, m: QueueDeclareOk): void {
  w.shortString(m.queue);
  w.u32(m.messageCount);
  w.u32(m.consumerCount);
}

function writeQueueBind(w: Writer, m: QueueBind): void {
  w.u16(0);
  w.shortString(m.queue);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
  w.u8(m.noWait ? 1 : 0);
  writeTable(w, m.arguments);
}

function writeQueuePurge(w: Writer, m: QueuePurge): void {
  w.u16(0);
  w.shortString(m.queue);
  w.u8(m.noWait ? 1 : 0);
}

function writeQueuePurgeOk(w: Writer, m: QueuePurgeOk): void {
  w.u32(m.messageCount);
}

function writeQueueDelete(w: Writer, m: QueueDelete): void {
  w.u16(0);
  w.shortString(m.queue);
  w.u8((m.ifUnused ? 1 : 0) | (m.ifEmpty ? 2 : 0) | (m.noWait ? 4 : 0));
}

function writeQueueDeleteOk(w: Writer, m: QueueDeleteOk): void {
  w.u32(m.messageCount);
}

function writeQueueUnbind(w: Writer, m: QueueUnbind): void {
  w.u16(0);
  w.shortString(m.queue);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
  writeTable(w, m.arguments);
}

function writeBasicQos(w: Writer, m: BasicQos): void {
  w.u32(m.prefetchSize);
  w.u16(m.prefetchCount);
  w.u8(m.global ? 1 : 0);
}

function writeBasicConsume(w: Writer, m: BasicConsume): void {
  w.u16(0);
  w.shortString(m.queue);
  w.shortString(m.consumerTag);
  w.u8((m.noLocal ? 1 : 0) | (m.noAck ? 2 : 0) | (m.exclusive ? 4 : 0) | (m.noWait ? 8 : 0));
  writeTable(w, m.arguments);
}

function writeBasicConsumeOk(w: Writer, m: BasicConsumeOk): void {
  w.shortString(m.consumerTag);
}

function writeBasicCancel(w: Writer, m: BasicCancel): void {
  w.shortString(m.consumerTag);
  w.u8(m.noWait ? 1 : 0);
}

function writeBasicCancelOk(w: Writer, m: BasicCancelOk): void {
  w.shortString(m.consumerTag);
}

function writeBasicPublish(w: Writer, m: BasicPublish): void {
  w.u16(0);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
  w.u8((m.mandatory ? 1 : 0) | (m.immediate ? 2 : 0));
}

function writeBasicReturn(w: Writer, m: BasicReturn): void {
  w.u16(m.replyCode);
  w.shortString(m.replyText);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
}

function writeBasicDeliver(w: Writer, m: BasicDeliver): void {
  w.shortString(m.consumerTag);
  w.u64(m.deliveryTag);
  w.u8(m.redelivered ? 1 : 0);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
}

function writeBasicGet(w: Writer, m: BasicGet): void {
  w.u16(0);
  w.shortString(m.queue);
  w.u8(m.noAck ? 1 : 0);
}

function writeBasicGetOk(w: Writer, m: BasicGetOk): void {
  w.u64(m.deliveryTag);
  w.u8(m.redelivered ? 1 : 0);
  w.shortString(m.exchange);
  w.shortString(m.routingKey);
  w.u32(m.messageCount);
}

function writeBasicGetEmpty(w: Writer): void {
  w.shortString('');
}

function writeBasicAck(w: Writer, m: BasicAck): void {
  w.u64(m.deliveryTag);
  w.u8(m.multiple ? 1 : 0);
}

function writeBasicReject(w: Writer, m: BasicReject): void {
  w.u64(m.deliveryTag);
  w.u8(m.requeue ? 1 : 0);
}

function writeBasicRecoverAsync(w: Writer, m: BasicRecoverAsync): void {
  w.u8(m.requeue ? 1 : 0);
}

function writeBasicRecover(w: Writer, m: BasicRecover): void {
  w.u8(m.requeue ? 1 : 0);
}

function writeBasicNack(w: Writer, m: BasicNack): void {
  w.u64(m.deliveryTag);
  w.u8((m.multiple ? 1 : 0) | (m.requeue ? 2 : 0));
}

function writeConfirmSelect(w: Writer, m: ConfirmSelect): void {
  w.u8(m.noWait ? 1 : 0);
}

/** Writes a method's id and fields: the payload of a method frame. */
export function writeMethod(w: Writer, m: Method): void {
  w.u32(m.id);
  switch (m.id) {
    case 0x000a000a:
      return writeConnectionStart(w, m);
    case 0x000a000b:
      return writeConnectionStartOk(w, m);
    case 0x000a0014:
      return writeConnectionSecure(w, m);
    case 0x000a0015:
      return writeConnectionSecureOk(w, m);
    case 0x000a001e:
      return writeConnectionTune(w, m);
    case 0x000a001f:
      return writeConnectionTuneOk(w, m);
    case 0x000a0028:
      return writeConnectionOpen(w, m);
    case 0x000a0029:
      return writeConnectionOpenOk(w);
    case 0x000a0032:
      return writeConnectionClose(w, m);
    case 0x000a0033:
      return;
    case 0x000a003c:
      return writeConnectionBlocked(w, m);
    case 0x000a003d:
      return;
    case 0x000a0046:
      return writeConnectionUpdateSecret(w, m);
    case 0x000a0047:
      return;
    case 0x0014000a:
      return writeChannelOpen(w);
    case 0x0014000b:
      return writeChannelOpenOk(w);
    case 0x00140014:
      return writeChannelFlow(w, m);
    case 0x00140015:
      return writeChannelFlowOk(w, m);
    case 0x00140028:
      return writeChannelClose(w, m);
    case 0x00140029:
      return;
    case 0x001e000a:
      return writeAccessRequest(w, m);
    case 0x001e000b:
      return writeAccessRequestOk(w, m);
    case 0x0028000a:
      return writeExchangeDeclare(w, m);
    case 0x0028000b:
      return;
    case 0x00280014:
      return writeExchangeDelete(w, m);
    case 0x00280015:
      return;
    case 0x0028001e:
      return writeExchangeBind(w, m);
    case 0x0028001f:
      return;
    case 0x00280028:
      return writeExchangeUnbind(w, m);
    case 0x00280033:
      return;
    case 0x0032000a:
      return writeQueueDeclare(w, m);
    case 0x0032000b:
      return writeQueueDeclareOk(w, m);
    case 0x00320014:
      return writeQueueBind(w, m);
    case 0x00320015:
      return;
    case 0x0032001e:
      return writeQueuePurge(w, m);
    case 0x0032001f:
      return writeQueuePurgeOk(w, m);
    case 0x00320028:
      return writeQueueDelete(w, m);
    case 0x00320029:
      return writeQueueDeleteOk(w, m);
    case 0x00320032:
      return writeQueueUnbind(w, m);
    case 0x00320033:
      return;
    case 0x003c000a:
      return writeBasicQos(w, m);
    case 0x003c000b:
      return;
    case 0x003c0014:
      return writeBasicConsume(w, m);
    case 0x003c0015:
      return writeBasicConsumeOk(w, m);
    case 0x003c001e:
      return writeBasicCancel(w, m);
    case 0x003c001f:
      return writeBasicCancelOk(w, m);
    case 0x003c0028:
      return writeBasicPublish(w, m);
    case 0x003c0032:
      return writeBasicReturn(w, m);
    case 0x003c003c:
      return writeBasicDeliver(w, m);
    case 0x003c0046:
      return writeBasicGet(w, m);
    case 0x003c0047:
      return writeBasicGetOk(w, m);
    case 0x003c0048:
      return writeBasicGetEmpty(w);
    case 0x003c0050:
      return writeBasicAck(w, m);
    case 0x003c005a:
      return writeBasicReject(w, m);
    case 0x003c0064:
      return writeBasicRecoverAsync(w, m);
    case 0x003c006e:
      return writeBasicRecover(w, m);
    case 0x003c006f:
      return;
    case 0x003c0078:
      return writeBasicNack(w, m);
    case 0x0055000a:
      return writeConfirmSelect(w, m);
    case 0x0055000b:
      return;
    case 0x005a000a:
      return;
    case 0x005a000b:
      return;
    case 0x005a0014:
      return;
    case 0x005a0015:
      return;
    case 0x005a001e:
      return;
    case 0x005a001f:
      return;
  }
}
