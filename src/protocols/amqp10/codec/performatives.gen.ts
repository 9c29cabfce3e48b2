// Made by `npm run gen` from performatives.table.ts. Not to be edited.

import { decodeError } from '../errors.ts';
import type { Decoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';
import type { Entry, Item } from './items.ts';

/** `open` */
export interface Open {
  readonly code: 0x10;
  readonly containerId: string;
  readonly hostname?: string | undefined;
  readonly maxFrameSize?: number | undefined;
  readonly channelMax?: number | undefined;
  readonly idleTimeOut?: number | undefined;
  readonly outgoingLocales?: readonly string[] | undefined;
  readonly incomingLocales?: readonly string[] | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: readonly Entry[] | undefined;
}

/** `begin` */
export interface Begin {
  readonly code: 0x11;
  readonly remoteChannel?: number | undefined;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax?: number | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: readonly Entry[] | undefined;
}

/** `attach` */
export interface Attach {
  readonly code: 0x12;
  readonly name: string;
  readonly handle: number;
  readonly role: boolean;
  readonly sndSettleMode?: number | undefined;
  readonly rcvSettleMode?: number | undefined;
  readonly source?: Composite | undefined;
  readonly target?: Composite | undefined;
  readonly unsettled?: Item | undefined;
  readonly incompleteUnsettled?: boolean | undefined;
  readonly initialDeliveryCount?: number | undefined;
  readonly maxMessageSize?: bigint | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: readonly Entry[] | undefined;
}

/** `flow` */
export interface Flow {
  readonly code: 0x13;
  readonly nextIncomingId?: number | undefined;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly handle?: number | undefined;
  readonly deliveryCount?: number | undefined;
  readonly linkCredit?: number | undefined;
  readonly available?: number | undefined;
  readonly drain?: boolean | undefined;
  readonly echo?: boolean | undefined;
}

/** `transfer` */
export interface Transfer {
  readonly code: 0x14;
  readonly handle: number;
  readonly deliveryId?: number | undefined;
  readonly deliveryTag?: Buffer | undefined;
  readonly messageFormat?: number | undefined;
  readonly settled?: boolean | undefined;
  readonly more?: boolean | undefined;
  readonly rcvSettleMode?: number | undefined;
  readonly state?: Composite | undefined;
  readonly resume?: boolean | undefined;
  readonly aborted?: boolean | undefined;
  readonly batchable?: boolean | undefined;
}

/** `disposition` */
export interface Disposition {
  readonly code: 0x15;
  readonly role: boolean;
  readonly first: number;
  readonly last?: number | undefined;
  readonly settled?: boolean | undefined;
  readonly state?: Composite | undefined;
  readonly batchable?: boolean | undefined;
}

/** `detach` */
export interface Detach {
  readonly code: 0x16;
  readonly handle: number;
  readonly closed?: boolean | undefined;
  readonly error?: Composite | undefined;
}

/** `end` */
export interface End {
  readonly code: 0x17;
  readonly error?: Composite | undefined;
}

/** `close` */
export interface Close {
  readonly code: 0x18;
  readonly error?: Composite | undefined;
}

/** `error` */
export interface Error {
  readonly code: 0x1d;
  readonly condition: string;
  readonly description?: string | undefined;
  readonly info?: readonly Entry[] | undefined;
}

/** `received` */
export interface Received {
  readonly code: 0x23;
  readonly sectionNumber: number;
  readonly sectionOffset: bigint;
}

/** `accepted` */
export interface Accepted {
  readonly code: 0x24;
}

/** `rejected` */
export interface Rejected {
  readonly code: 0x25;
  readonly error?: Composite | undefined;
}

/** `released` */
export interface Released {
  readonly code: 0x26;
}

/** `modified` */
export interface Modified {
  readonly code: 0x27;
  readonly deliveryFailed?: boolean | undefined;
  readonly undeliverableHere?: boolean | undefined;
  readonly messageAnnotations?: readonly Entry[] | undefined;
}

/** `source` */
export interface Source {
  readonly code: 0x28;
  readonly address?: Item | undefined;
  readonly durable?: number | undefined;
  readonly expiryPolicy?: string | undefined;
  readonly timeout?: number | undefined;
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: readonly Entry[] | undefined;
  readonly distributionMode?: string | undefined;
  readonly filter?: readonly Entry[] | undefined;
  readonly defaultOutcome?: Composite | undefined;
  readonly outcomes?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

/** `target` */
export interface Target {
  readonly code: 0x29;
  readonly address?: Item | undefined;
  readonly durable?: number | undefined;
  readonly expiryPolicy?: string | undefined;
  readonly timeout?: number | undefined;
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: readonly Entry[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

/** `coordinator` */
export interface Coordinator {
  readonly code: 0x30;
  readonly capabilities?: readonly string[] | undefined;
}

/** `declare` */
export interface Declare {
  readonly code: 0x31;
  readonly globalId?: Item | undefined;
}

/** `discharge` */
export interface Discharge {
  readonly code: 0x32;
  readonly txnId: Buffer;
  readonly fail?: boolean | undefined;
}

/** `declared` */
export interface Declared {
  readonly code: 0x33;
  readonly txnId: Buffer;
}

/** `transactional-state` */
export interface TransactionalState {
  readonly code: 0x34;
  readonly txnId: Buffer;
  readonly outcome?: Composite | undefined;
}

/** `sasl-mechanisms` */
export interface SaslMechanisms {
  readonly code: 0x40;
  readonly saslServerMechanisms: readonly string[];
}

/** `sasl-init` */
export interface SaslInit {
  readonly code: 0x41;
  readonly mechanism: string;
  readonly initialResponse?: Buffer | undefined;
  readonly hostname?: string | undefined;
}

/** `sasl-challenge` */
export interface SaslChallenge {
  readonly code: 0x42;
  readonly challenge: Buffer;
}

/** `sasl-response` */
export interface SaslResponse {
  readonly code: 0x43;
  readonly response: Buffer;
}

/** `sasl-outcome` */
export interface SaslOutcome {
  readonly code: 0x44;
  readonly outcome: number;
  readonly additionalData?: Buffer | undefined;
}

/** `header` */
export interface Header {
  readonly code: 0x70;
  readonly durable?: boolean | undefined;
  readonly priority?: number | undefined;
  readonly ttl?: number | undefined;
  readonly firstAcquirer?: boolean | undefined;
  readonly deliveryCount?: number | undefined;
}

/** `properties` */
export interface Properties {
  readonly code: 0x73;
  readonly messageId?: Item | undefined;
  readonly userId?: Buffer | undefined;
  readonly to?: Item | undefined;
  readonly subject?: string | undefined;
  readonly replyTo?: Item | undefined;
  readonly correlationId?: Item | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly absoluteExpiryTime?: bigint | undefined;
  readonly creationTime?: bigint | undefined;
  readonly groupId?: string | undefined;
  readonly groupSequence?: number | undefined;
  readonly replyToGroupId?: string | undefined;
}

/** Any composite value, told apart by `code`, its descriptor. */
export type Composite =
  | Open
  | Begin
  | Attach
  | Flow
  | Transfer
  | Disposition
  | Detach
  | End
  | Close
  | Error
  | Received
  | Accepted
  | Rejected
  | Released
  | Modified
  | Source
  | Target
  | Coordinator
  | Declare
  | Discharge
  | Declared
  | TransactionalState
  | SaslMechanisms
  | SaslInit
  | SaslChallenge
  | SaslResponse
  | SaslOutcome
  | Header
  | Properties;

/** The descriptor of each composite type, by its name. */
export const compositeCodes = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  error: 0x1d,
  received: 0x23,
  accepted: 0x24,
  rejected: 0x25,
  released: 0x26,
  modified: 0x27,
  source: 0x28,
  target: 0x29,
  coordinator: 0x30,
  declare: 0x31,
  discharge: 0x32,
  declared: 0x33,
  transactionalState: 0x34,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslChallenge: 0x42,
  saslResponse: 0x43,
  saslOutcome: 0x44,
  header: 0x70,
  properties: 0x73,
} as const;

const codesByName: ReadonlyMap<string, number> = new Map<string, number>([
  ['amqp:open:list', 0x10],
  ['amqp:begin:list', 0x11],
  ['amqp:attach:list', 0x12],
  ['amqp:flow:list', 0x13],
  ['amqp:transfer:list', 0x14],
  ['amqp:disposition:list', 0x15],
  ['amqp:detach:list', 0x16],
  ['amqp:end:list', 0x17],
  ['amqp:close:list', 0x18],
  ['amqp:error:list', 0x1d],
  ['amqp:received:list', 0x23],
  ['amqp:accepted:list', 0x24],
  ['amqp:rejected:list', 0x25],
  ['amqp:released:list', 0x26],
  ['amqp:modified:list', 0x27],
  ['amqp:source:list', 0x28],
  ['amqp:target:list', 0x29],
  ['amqp:coordinator:list', 0x30],
  ['amqp:declare:list', 0x31],
  ['amqp:discharge:list', 0x32],
  ['amqp:declared:list', 0x33],
  ['amqp:transactional-state:list', 0x34],
  ['amqp:sasl-mechanisms:list', 0x40],
  ['amqp:sasl-init:list', 0x41],
  ['amqp:sasl-challenge:list', 0x42],
  ['amqp:sasl-response:list', 0x43],
  ['amqp:sasl-outcome:list', 0x44],
  ['amqp:header:list', 0x70],
  ['amqp:properties:list', 0x73],
]);

function required<T>(value: T | undefined, title: string): T {
  if (value === undefined) throw decodeError(`the mandatory field ${title} is missing`);
  return value;
}

function readItem(d: Decoder): Item | undefined {
  const item = d.item();
  return item.type === 'null' ? undefined : item;
}

function readNested(d: Decoder): Composite | undefined {
  return d.described() ? readDescribed(d) : undefined;
}

function writeNested(w: Encoder, c: Composite | undefined): void {
  if (c === undefined) w.null();
  else writeComposite(w, c);
}

function codeOf(name: string): number {
  return codesByName.get(name) ?? -1;
}

/** Reads a composite value with its descriptor. */
export function readComposite(d: Decoder): Composite {
  if (!d.described()) throw decodeError('a composite value is null');
  return readDescribed(d);
}

function readDescribed(d: Decoder): Composite {
  const code = d.descriptor(codeOf);
  const composite = read(code, d);
  if (composite === undefined) throw decodeError('a composite value has an unknown descriptor');
  return composite;
}

function readOpen(d: Decoder): Open {
  const count = d.openList();
  const containerId = required(count > 0 ? d.string() : undefined, 'open.container-id');
  const hostname = count > 1 ? d.string() : undefined;
  const maxFrameSize = count > 2 ? d.uint() : undefined;
  const channelMax = count > 3 ? d.ushort() : undefined;
  const idleTimeOut = count > 4 ? d.uint() : undefined;
  const outgoingLocales = count > 5 ? d.symbols() : undefined;
  const incomingLocales = count > 6 ? d.symbols() : undefined;
  const offeredCapabilities = count > 7 ? d.symbols() : undefined;
  const desiredCapabilities = count > 8 ? d.symbols() : undefined;
  const properties = count > 9 ? d.map() : undefined;
  d.closeList();
  return {
    code: 0x10,
    containerId,
    hostname,
    maxFrameSize,
    channelMax,
    idleTimeOut,
    outgoingLocales,
    incomingLocales,
    offeredCapabilities,
    desiredCapabilities,
    properties,
  };
}

function readBegin(d: Decoder): Begin {
  const count = d.openList();
  const remoteChannel = count > 0 ? d.ushort() : undefined;
  const nextOutgoingId = required(count > 1 ? d.uint() : undefined, 'begin.next-outgoing-id');
  const incomingWindow = required(count > 2 ? d.uint() : undefined, 'begin.incoming-window');
  const outgoingWindow = required(count > 3 ? d.uint() : undefined, 'begin.outgoing-window');
  const handleMax = count > 4 ? d.uint() : undefined;
  const offeredCapabilities = count > 5 ? d.symbols() : undefined;
  const desiredCapabilities = count > 6 ? d.symbols() : undefined;
  const properties = count > 7 ? d.map() : undefined;
  d.closeList();
  return {
    code: 0x11,
    remoteChannel,
    nextOutgoingId,
    incomingWindow,
    outgoingWindow,
    handleMax,
    offeredCapabilities,
    desiredCapabilities,
    properties,
  };
}

function readAttach(d: Decoder): Attach {
  const count = d.openList();
  const name = required(count > 0 ? d.string() : undefined, 'attach.name');
  const handle = required(count > 1 ? d.uint() : undefined, 'attach.handle');
  const role = required(count > 2 ? d.boolean() : undefined, 'attach.role');
  const sndSettleMode = count > 3 ? d.ubyte() : undefined;
  const rcvSettleMode = count > 4 ? d.ubyte() : undefined;
  const source = count > 5 ? readNested(d) : undefined;
  const target = count > 6 ? readNested(d) : undefined;
  const unsettled = count > 7 ? readItem(d) : undefined;
  const incompleteUnsettled = count > 8 ? d.boolean() : undefined;
  const initialDeliveryCount = count > 9 ? d.uint() : undefined;
  const maxMessageSize = count > 10 ? d.ulong() : undefined;
  const offeredCapabilities = count > 11 ? d.symbols() : undefined;
  const desiredCapabilities = count > 12 ? d.symbols() : undefined;
  const properties = count > 13 ? d.map() : undefined;
  d.closeList();
  return {
    code: 0x12,
    name,
    handle,
    role,
    sndSettleMode,
    rcvSettleMode,
    source,
    target,
    unsettled,
    incompleteUnsettled,
    initialDeliveryCount,
    maxMessageSize,
    offeredCapabilities,
    desiredCapabilities,
    properties,
  };
}

function readFlow(d: Decoder): Flow {
  const count = d.openList();
  const nextIncomingId = count > 0 ? d.uint() : undefined;
  const incomingWindow = required(count > 1 ? d.uint() : undefined, 'flow.incoming-window');
  const nextOutgoingId = required(count > 2 ? d.uint() : undefined, 'flow.next-outgoing-id');
  const outgoingWindow = required(count > 3 ? d.uint() : undefined, 'flow.outgoing-window');
  const handle = count > 4 ? d.uint() : undefined;
  const deliveryCount = count > 5 ? d.uint() : undefined;
  const linkCredit = count > 6 ? d.uint() : undefined;
  const available = count > 7 ? d.uint() : undefined;
  const drain = count > 8 ? d.boolean() : undefined;
  const echo = count > 9 ? d.boolean() : undefined;
  if (count > 10) d.skip();
  d.closeList();
  return {
    code: 0x13,
    nextIncomingId,
    incomingWindow,
    nextOutgoingId,
    outgoingWindow,
    handle,
    deliveryCount,
    linkCredit,
    available,
    drain,
    echo,
  };
}

function readTransfer(d: Decoder): Transfer {
  const count = d.openList();
  const handle = required(count > 0 ? d.uint() : undefined, 'transfer.handle');
  const deliveryId = count > 1 ? d.uint() : undefined;
  const deliveryTag = count > 2 ? d.binary() : undefined;
  const messageFormat = count > 3 ? d.uint() : undefined;
  const settled = count > 4 ? d.boolean() : undefined;
  const more = count > 5 ? d.boolean() : undefined;
  const rcvSettleMode = count > 6 ? d.ubyte() : undefined;
  const state = count > 7 ? readNested(d) : undefined;
  const resume = count > 8 ? d.boolean() : undefined;
  const aborted = count > 9 ? d.boolean() : undefined;
  const batchable = count > 10 ? d.boolean() : undefined;
  d.closeList();
  return {
    code: 0x14,
    handle,
    deliveryId,
    deliveryTag,
    messageFormat,
    settled,
    more,
    rcvSettleMode,
    state,
    resume,
    aborted,
    batchable,
  };
}

function readDisposition(d: Decoder): Disposition {
  const count = d.openList();
  const role = required(count > 0 ? d.boolean() : undefined, 'disposition.role');
  const first = required(count > 1 ? d.uint() : undefined, 'disposition.first');
  const last = count > 2 ? d.uint() : undefined;
  const settled = count > 3 ? d.boolean() : undefined;
  const state = count > 4 ? readNested(d) : undefined;
  const batchable = count > 5 ? d.boolean() : undefined;
  d.closeList();
  return { code: 0x15, role, first, last, settled, state, batchable };
}

function readDetach(d: Decoder): Detach {
  const count = d.openList();
  const handle = required(count > 0 ? d.uint() : undefined, 'detach.handle');
  const closed = count > 1 ? d.boolean() : undefined;
  const error = count > 2 ? readNested(d) : undefined;
  d.closeList();
  return { code: 0x16, handle, closed, error };
}

function readEnd(d: Decoder): End {
  const count = d.openList();
  const error = count > 0 ? readNested(d) : undefined;
  d.closeList();
  return { code: 0x17, error };
}

function readClose(d: Decoder): Close {
  const count = d.openList();
  const error = count > 0 ? readNested(d) : undefined;
  d.closeList();
  return { code: 0x18, error };
}

function readError(d: Decoder): Error {
  const count = d.openList();
  const condition = required(count > 0 ? d.symbol() : undefined, 'error.condition');
  const description = count > 1 ? d.string() : undefined;
  const info = count > 2 ? d.map() : undefined;
  d.closeList();
  return { code: 0x1d, condition, description, info };
}

function readReceived(d: Decoder): Received {
  const count = d.openList();
  const sectionNumber = required(count > 0 ? d.uint() : undefined, 'received.section-number');
  const sectionOffset = required(count > 1 ? d.ulong() : undefined, 'received.section-offset');
  d.closeList();
  return { code: 0x23, sectionNumber, sectionOffset };
}

function readAccepted(d: Decoder): Accepted {
  d.openList();
  d.closeList();
  return { code: 0x24 };
}

function readRejected(d: Decoder): Rejected {
  const count = d.openList();
  const error = count > 0 ? readNested(d) : undefined;
  d.closeList();
  return { code: 0x25, error };
}

function readReleased(d: Decoder): Released {
  d.openList();
  d.closeList();
  return { code: 0x26 };
}

function readModified(d: Decoder): Modified {
  const count = d.openList();
  const deliveryFailed = count > 0 ? d.boolean() : undefined;
  const undeliverableHere = count > 1 ? d.boolean() : undefined;
  const messageAnnotations = count > 2 ? d.map() : undefined;
  d.closeList();
  return { code: 0x27, deliveryFailed, undeliverableHere, messageAnnotations };
}

function readSource(d: Decoder): Source {
  const count = d.openList();
  const address = count > 0 ? readItem(d) : undefined;
  const durable = count > 1 ? d.uint() : undefined;
  const expiryPolicy = count > 2 ? d.symbol() : undefined;
  const timeout = count > 3 ? d.uint() : undefined;
  const dynamic = count > 4 ? d.boolean() : undefined;
  const dynamicNodeProperties = count > 5 ? d.map() : undefined;
  const distributionMode = count > 6 ? d.symbol() : undefined;
  const filter = count > 7 ? d.map() : undefined;
  const defaultOutcome = count > 8 ? readNested(d) : undefined;
  const outcomes = count > 9 ? d.symbols() : undefined;
  const capabilities = count > 10 ? d.symbols() : undefined;
  d.closeList();
  return {
    code: 0x28,
    address,
    durable,
    expiryPolicy,
    timeout,
    dynamic,
    dynamicNodeProperties,
    distributionMode,
    filter,
    defaultOutcome,
    outcomes,
    capabilities,
  };
}

function readTarget(d: Decoder): Target {
  const count = d.openList();
  const address = count > 0 ? readItem(d) : undefined;
  const durable = count > 1 ? d.uint() : undefined;
  const expiryPolicy = count > 2 ? d.symbol() : undefined;
  const timeout = count > 3 ? d.uint() : undefined;
  const dynamic = count > 4 ? d.boolean() : undefined;
  const dynamicNodeProperties = count > 5 ? d.map() : undefined;
  const capabilities = count > 6 ? d.symbols() : undefined;
  d.closeList();
  return {
    code: 0x29,
    address,
    durable,
    expiryPolicy,
    timeout,
    dynamic,
    dynamicNodeProperties,
    capabilities,
  };
}

function readCoordinator(d: Decoder): Coordinator {
  const count = d.openList();
  const capabilities = count > 0 ? d.symbols() : undefined;
  d.closeList();
  return { code: 0x30, capabilities };
}

function readDeclare(d: Decoder): Declare {
  const count = d.openList();
  const globalId = count > 0 ? readItem(d) : undefined;
  d.closeList();
  return { code: 0x31, globalId };
}

function readDischarge(d: Decoder): Discharge {
  const count = d.openList();
  const txnId = required(count > 0 ? d.binary() : undefined, 'discharge.txn-id');
  const fail = count > 1 ? d.boolean() : undefined;
  d.closeList();
  return { code: 0x32, txnId, fail };
}

function readDeclared(d: Decoder): Declared {
  const count = d.openList();
  const txnId = required(count > 0 ? d.binary() : undefined, 'declared.txn-id');
  d.closeList();
  return { code: 0x33, txnId };
}

function readTransactionalState(d: Decoder): TransactionalState {
  const count = d.openList();
  const txnId = required(count > 0 ? d.binary() : undefined, 'transactional-state.txn-id');
  const outcome = count > 1 ? readNested(d) : undefined;
  d.closeList();
  return { code: 0x34, txnId, outcome };
}

function readSaslMechanisms(d: Decoder): SaslMechanisms {
  const count = d.openList();
  const saslServerMechanisms = required(
    count > 0 ? d.symbols() : undefined,
    'sasl-mechanisms.sasl-server-mechanisms',
  );
  d.closeList();
  return { code: 0x40, saslServerMechanisms };
}

function readSaslInit(d: Decoder): SaslInit {
  const count = d.openList();
  const mechanism = required(count > 0 ? d.symbol() : undefined, 'sasl-init.mechanism');
  const initialResponse = count > 1 ? d.binary() : undefined;
  const hostname = count > 2 ? d.string() : undefined;
  d.closeList();
  return { code: 0x41, mechanism, initialResponse, hostname };
}

function readSaslChallenge(d: Decoder): SaslChallenge {
  const count = d.openList();
  const challenge = required(count > 0 ? d.binary() : undefined, 'sasl-challenge.challenge');
  d.closeList();
  return { code: 0x42, challenge };
}

function readSaslResponse(d: Decoder): SaslResponse {
  const count = d.openList();
  const response = required(count > 0 ? d.binary() : undefined, 'sasl-response.response');
  d.closeList();
  return { code: 0x43, response };
}

function readSaslOutcome(d: Decoder): SaslOutcome {
  const count = d.openList();
  const outcome = required(count > 0 ? d.ubyte() : undefined, 'sasl-outcome.outcome');
  const additionalData = count > 1 ? d.binary() : undefined;
  d.closeList();
  return { code: 0x44, outcome, additionalData };
}

function readHeader(d: Decoder): Header {
  const count = d.openList();
  const durable = count > 0 ? d.boolean() : undefined;
  const priority = count > 1 ? d.ubyte() : undefined;
  const ttl = count > 2 ? d.uint() : undefined;
  const firstAcquirer = count > 3 ? d.boolean() : undefined;
  const deliveryCount = count > 4 ? d.uint() : undefined;
  d.closeList();
  return { code: 0x70, durable, priority, ttl, firstAcquirer, deliveryCount };
}

function readProperties(d: Decoder): Properties {
  const count = d.openList();
  const messageId = count > 0 ? readItem(d) : undefined;
  const userId = count > 1 ? d.binary() : undefined;
  const to = count > 2 ? readItem(d) : undefined;
  const subject = count > 3 ? d.string() : undefined;
  const replyTo = count > 4 ? readItem(d) : undefined;
  const correlationId = count > 5 ? readItem(d) : undefined;
  const contentType = count > 6 ? d.symbol() : undefined;
  const contentEncoding = count > 7 ? d.symbol() : undefined;
  const absoluteExpiryTime = count > 8 ? d.timestamp() : undefined;
  const creationTime = count > 9 ? d.timestamp() : undefined;
  const groupId = count > 10 ? d.string() : undefined;
  const groupSequence = count > 11 ? d.uint() : undefined;
  const replyToGroupId = count > 12 ? d.string() : undefined;
  d.closeList();
  return {
    code: 0x73,
    messageId,
    userId,
    to,
    subject,
    replyTo,
    correlationId,
    contentType,
    contentEncoding,
    absoluteExpiryTime,
    creationTime,
    groupId,
    groupSequence,
    replyToGroupId,
  };
}

function read(code: number, d: Decoder): Composite | undefined {
  switch (code) {
    case 0x10:
      return readOpen(d);
    case 0x11:
      return readBegin(d);
    case 0x12:
      return readAttach(d);
    case 0x13:
      return readFlow(d);
    case 0x14:
      return readTransfer(d);
    case 0x15:
      return readDisposition(d);
    case 0x16:
      return readDetach(d);
    case 0x17:
      return readEnd(d);
    case 0x18:
      return readClose(d);
    case 0x1d:
      return readError(d);
    case 0x23:
      return readReceived(d);
    case 0x24:
      return readAccepted(d);
    case 0x25:
      return readRejected(d);
    case 0x26:
      return readReleased(d);
    case 0x27:
      return readModified(d);
    case 0x28:
      return readSource(d);
    case 0x29:
      return readTarget(d);
    case 0x30:
      return readCoordinator(d);
    case 0x31:
      return readDeclare(d);
    case 0x32:
      return readDischarge(d);
    case 0x33:
      return readDeclared(d);
    case 0x34:
      return readTransactionalState(d);
    case 0x40:
      return readSaslMechanisms(d);
    case 0x41:
      return readSaslInit(d);
    case 0x42:
      return readSaslChallenge(d);
    case 0x43:
      return readSaslResponse(d);
    case 0x44:
      return readSaslOutcome(d);
    case 0x70:
      return readHeader(d);
    case 0x73:
      return readProperties(d);
    default:
      return undefined;
  }
}

function writeOpen(w: Encoder, c: Open): void {
  const at = w.openList();
  w.string(c.containerId);
  w.string(c.hostname);
  w.uint(c.maxFrameSize);
  w.ushort(c.channelMax);
  w.uint(c.idleTimeOut);
  w.symbols(c.outgoingLocales);
  w.symbols(c.incomingLocales);
  w.symbols(c.offeredCapabilities);
  w.symbols(c.desiredCapabilities);
  w.map(c.properties);
  w.closeList(at, 10);
}

function writeBegin(w: Encoder, c: Begin): void {
  const at = w.openList();
  w.ushort(c.remoteChannel);
  w.uint(c.nextOutgoingId);
  w.uint(c.incomingWindow);
  w.uint(c.outgoingWindow);
  w.uint(c.handleMax);
  w.symbols(c.offeredCapabilities);
  w.symbols(c.desiredCapabilities);
  w.map(c.properties);
  w.closeList(at, 8);
}

function writeAttach(w: Encoder, c: Attach): void {
  const at = w.openList();
  w.string(c.name);
  w.uint(c.handle);
  w.boolean(c.role);
  w.ubyte(c.sndSettleMode);
  w.ubyte(c.rcvSettleMode);
  writeNested(w, c.source);
  writeNested(w, c.target);
  w.item(c.unsettled);
  w.boolean(c.incompleteUnsettled);
  w.uint(c.initialDeliveryCount);
  w.ulong(c.maxMessageSize);
  w.symbols(c.offeredCapabilities);
  w.symbols(c.desiredCapabilities);
  w.map(c.properties);
  w.closeList(at, 14);
}

function writeFlow(w: Encoder, c: Flow): void {
  const at = w.openList();
  w.uint(c.nextIncomingId);
  w.uint(c.incomingWindow);
  w.uint(c.nextOutgoingId);
  w.uint(c.outgoingWindow);
  w.uint(c.handle);
  w.uint(c.deliveryCount);
  w.uint(c.linkCredit);
  w.uint(c.available);
  w.boolean(c.drain);
  w.boolean(c.echo);
  w.null();
  w.closeList(at, 11);
}

function writeTransfer(w: Encoder, c: Transfer): void {
  const at = w.openList();
  w.uint(c.handle);
  w.uint(c.deliveryId);
  w.binary(c.deliveryTag);
  w.uint(c.messageFormat);
  w.boolean(c.settled);
  w.boolean(c.more);
  w.ubyte(c.rcvSettleMode);
  writeNested(w, c.state);
  w.boolean(c.resume);
  w.boolean(c.aborted);
  w.boolean(c.batchable);
  w.closeList(at, 11);
}

function writeDisposition(w: Encoder, c: Disposition): void {
  const at = w.openList();
  w.boolean(c.role);
  w.uint(c.first);
  w.uint(c.last);
  w.boolean(c.settled);
  writeNested(w, c.state);
  w.boolean(c.batchable);
  w.closeList(at, 6);
}

function writeDetach(w: Encoder, c: Detach): void {
  const at = w.openList();
  w.uint(c.handle);
  w.boolean(c.closed);
  writeNested(w, c.error);
  w.closeList(at, 3);
}

function writeEnd(w: Encoder, c: End): void {
  const at = w.openList();
  writeNested(w, c.error);
  w.closeList(at, 1);
}

function writeClose(w: Encoder, c: Close): void {
  const at = w.openList();
  writeNested(w, c.error);
  w.closeList(at, 1);
}

function writeError(w: Encoder, c: Error): void {
  const at = w.openList();
  w.symbol(c.condition);
  w.string(c.description);
  w.map(c.info);
  w.closeList(at, 3);
}

function writeReceived(w: Encoder, c: Received): void {
  const at = w.openList();
  w.uint(c.sectionNumber);
  w.ulong(c.sectionOffset);
  w.closeList(at, 2);
}

function writeAccepted(w: Encoder): void {
  const at = w.openList();
  w.closeList(at, 0);
}

function writeRejected(w: Encoder, c: Rejected): void {
  const at = w.openList();
  writeNested(w, c.error);
  w.closeList(at, 1);
}

function writeReleased(w: Encoder): void {
  const at = w.openList();
  w.closeList(at, 0);
}

function writeModified(w: Encoder, c: Modified): void {
  const at = w.openList();
  w.boolean(c.deliveryFailed);
  w.boolean(c.undeliverableHere);
  w.map(c.messageAnnotations);
  w.closeList(at, 3);
}

function writeSource(w: Encoder, c: Source): void {
  const at = w.openList();
  w.item(c.address);
  w.uint(c.durable);
  w.symbol(c.expiryPolicy);
  w.uint(c.timeout);
  w.boolean(c.dynamic);
  w.map(c.dynamicNodeProperties);
  w.symbol(c.distributionMode);
  w.map(c.filter);
  writeNested(w, c.defaultOutcome);
  w.symbols(c.outcomes);
  w.symbols(c.capabilities);
  w.closeList(at, 11);
}

function writeTarget(w: Encoder, c: Target): void {
  const at = w.openList();
  w.item(c.address);
  w.uint(c.durable);
  w.symbol(c.expiryPolicy);
  w.uint(c.timeout);
  w.boolean(c.dynamic);
  w.map(c.dynamicNodeProperties);
  w.symbols(c.capabilities);
  w.closeList(at, 7);
}

function writeCoordinator(w: Encoder, c: Coordinator): void {
  const at = w.openList();
  w.symbols(c.capabilities);
  w.closeList(at, 1);
}

function writeDeclare(w: Encoder, c: Declare): void {
  const at = w.openList();
  w.item(c.globalId);
  w.closeList(at, 1);
}

function writeDischarge(w: Encoder, c: Discharge): void {
  const at = w.openList();
  w.binary(c.txnId);
  w.boolean(c.fail);
  w.closeList(at, 2);
}

function writeDeclared(w: Encoder, c: Declared): void {
  const at = w.openList();
  w.binary(c.txnId);
  w.closeList(at, 1);
}

function writeTransactionalState(w: Encoder, c: TransactionalState): void {
  const at = w.openList();
  w.binary(c.txnId);
  writeNested(w, c.outcome);
  w.closeList(at, 2);
}

function writeSaslMechanisms(w: Encoder, c: SaslMechanisms): void {
  const at = w.openList();
  w.symbols(c.saslServerMechanisms);
  w.closeList(at, 1);
}

function writeSaslInit(w: Encoder, c: SaslInit): void {
  const at = w.openList();
  w.symbol(c.mechanism);
  w.binary(c.initialResponse);
  w.string(c.hostname);
  w.closeList(at, 3);
}

function writeSaslChallenge(w: Encoder, c: SaslChallenge): void {
  const at = w.openList();
  w.binary(c.challenge);
  w.closeList(at, 1);
}

function writeSaslResponse(w: Encoder, c: SaslResponse): void {
  const at = w.openList();
  w.binary(c.response);
  w.closeList(at, 1);
}

function writeSaslOutcome(w: Encoder, c: SaslOutcome): void {
  const at = w.openList();
  w.ubyte(c.outcome);
  w.binary(c.additionalData);
  w.closeList(at, 2);
}

function writeHeader(w: Encoder, c: Header): void {
  const at = w.openList();
  w.boolean(c.durable);
  w.ubyte(c.priority);
  w.uint(c.ttl);
  w.boolean(c.firstAcquirer);
  w.uint(c.deliveryCount);
  w.closeList(at, 5);
}

function writeProperties(w: Encoder, c: Properties): void {
  const at = w.openList();
  w.item(c.messageId);
  w.binary(c.userId);
  w.item(c.to);
  w.string(c.subject);
  w.item(c.replyTo);
  w.item(c.correlationId);
  w.symbol(c.contentType);
  w.symbol(c.contentEncoding);
  w.timestamp(c.absoluteExpiryTime);
  w.timestamp(c.creationTime);
  w.string(c.groupId);
  w.uint(c.groupSequence);
  w.string(c.replyToGroupId);
  w.closeList(at, 13);
}

/** Writes a composite value with its descriptor. */
export function writeComposite(w: Encoder, c: Composite): void {
  w.descriptor(c.code);
  switch (c.code) {
    case 0x10:
      return writeOpen(w, c);
    case 0x11:
      return writeBegin(w, c);
    case 0x12:
      return writeAttach(w, c);
    case 0x13:
      return writeFlow(w, c);
    case 0x14:
      return writeTransfer(w, c);
    case 0x15:
      return writeDisposition(w, c);
    case 0x16:
      return writeDetach(w, c);
    case 0x17:
      return writeEnd(w, c);
    case 0x18:
      return writeClose(w, c);
    case 0x1d:
      return writeError(w, c);
    case 0x23:
      return writeReceived(w, c);
    case 0x24:
      return writeAccepted(w);
    case 0x25:
      return writeRejected(w, c);
    case 0x26:
      return writeReleased(w);
    case 0x27:
      return writeModified(w, c);
    case 0x28:
      return writeSource(w, c);
    case 0x29:
      return writeTarget(w, c);
    case 0x30:
      return writeCoordinator(w, c);
    case 0x31:
      return writeDeclare(w, c);
    case 0x32:
      return writeDischarge(w, c);
    case 0x33:
      return writeDeclared(w, c);
    case 0x34:
      return writeTransactionalState(w, c);
    case 0x40:
      return writeSaslMechanisms(w, c);
    case 0x41:
      return writeSaslInit(w, c);
    case 0x42:
      return writeSaslChallenge(w, c);
    case 0x43:
      return writeSaslResponse(w, c);
    case 0x44:
      return writeSaslOutcome(w, c);
    case 0x70:
      return writeHeader(w, c);
    case 0x73:
      return writeProperties(w, c);
  }
}
