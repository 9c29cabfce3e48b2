// Made by `npm run gen` from commands.table.ts. Not to be edited.

import { OpenWireError } from '../errors.ts';
import type { Long, Throwable, WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** Type 2. */
export interface BrokerInfo {
  readonly type: 2;
  commandId: number;
  responseRequired: boolean;
  brokerId: BrokerId | undefined;
  brokerUrl: string | undefined;
  peerBrokerInfos: readonly (BrokerInfo | undefined)[] | undefined;
  brokerName: string | undefined;
  slaveBroker: boolean;
  masterBroker: boolean;
  faultTolerantConfiguration: boolean;
  duplexConnection: boolean;
  networkConnection: boolean;
  connectionId: Long;
  brokerUploadUrl: string | undefined;
  networkProperties: string | undefined;
}

/** Type 3. */
export interface ConnectionInfo {
  readonly type: 3;
  commandId: number;
  responseRequired: boolean;
  connectionId: ConnectionId | undefined;
  clientId: string | undefined;
  password: string | undefined;
  userName: string | undefined;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  brokerMasterConnector: boolean;
  manageable: boolean;
  clientMaster: boolean;
  faultTolerant: boolean;
  failoverReconnect: boolean;
  clientIp: string | undefined;
}

/** Type 4. */
export interface SessionInfo {
  readonly type: 4;
  commandId: number;
  responseRequired: boolean;
  sessionId: SessionId | undefined;
}

/** Type 5. */
export interface ConsumerInfo {
  readonly type: 5;
  commandId: number;
  responseRequired: boolean;
  consumerId: ConsumerId | undefined;
  browser: boolean;
  destination: Destination | undefined;
  prefetchSize: number;
  maximumPendingMessageLimit: number;
  dispatchAsync: boolean;
  selector: string | undefined;
  clientId: string | undefined;
  subscriptionName: string | undefined;
  noLocal: boolean;
  exclusive: boolean;
  retroactive: boolean;
  priority: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  additionalPredicate: DataStructure | undefined;
  networkSubscription: boolean;
  optimizedAcknowledge: boolean;
  noRangeAcks: boolean;
  networkConsumerPath: readonly (ConsumerId | undefined)[] | undefined;
}

/** Type 6. */
export interface ProducerInfo {
  readonly type: 6;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  dispatchAsync: boolean;
  windowSize: number;
}

/** Type 7. */
export interface TransactionInfo {
  readonly type: 7;
  commandId: number;
  responseRequired: boolean;
  connectionId: ConnectionId | undefined;
  transactionId: TransactionId | undefined;
  action: number;
}

/** Type 8. */
export interface DestinationInfo {
  readonly type: 8;
  commandId: number;
  responseRequired: boolean;
  connectionId: ConnectionId | undefined;
  destination: Destination | undefined;
  operationType: number;
  timeout: Long;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
}

/** Type 9. */
export interface RemoveSubscriptionInfo {
  readonly type: 9;
  commandId: number;
  responseRequired: boolean;
  connectionId: ConnectionId | undefined;
  subscriptionName: string | undefined;
  clientId: string | undefined;
}

/** Type 10. */
export interface KeepAliveInfo {
  readonly type: 10;
  commandId: number;
  responseRequired: boolean;
}

/** Type 11. */
export interface ShutdownInfo {
  readonly type: 11;
  commandId: number;
  responseRequired: boolean;
}

/** Type 12. */
export interface RemoveInfo {
  readonly type: 12;
  commandId: number;
  responseRequired: boolean;
  objectId: ConnectionId | SessionId | ConsumerId | ProducerId | undefined;
  lastDeliveredSequenceId: Long;
}

/** Type 14. */
export interface ControlCommand {
  readonly type: 14;
  commandId: number;
  responseRequired: boolean;
  command: string | undefined;
}

/** Type 15. */
export interface FlushCommand {
  readonly type: 15;
  commandId: number;
  responseRequired: boolean;
}

/** Type 16. */
export interface ConnectionError {
  readonly type: 16;
  commandId: number;
  responseRequired: boolean;
  exception: Throwable | undefined;
  connectionId: ConnectionId | undefined;
}

/** Type 17. */
export interface ConsumerControl {
  readonly type: 17;
  commandId: number;
  responseRequired: boolean;
  destination: Destination | undefined;
  close: boolean;
  consumerId: ConsumerId | undefined;
  prefetch: number;
  flush: boolean;
  start: boolean;
  stop: boolean;
}

/** Type 18. */
export interface ConnectionControl {
  readonly type: 18;
  commandId: number;
  responseRequired: boolean;
  close: boolean;
  exit: boolean;
  faultTolerant: boolean;
  resume: boolean;
  suspend: boolean;
  connectedBrokers: string | undefined;
  reconnectTo: string | undefined;
  rebalanceConnection: boolean;
  token: Buffer | undefined;
}

/** Type 19. */
export interface ProducerAck {
  readonly type: 19;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  size: number;
}

/** Type 20. */
export interface MessagePull {
  readonly type: 20;
  commandId: number;
  responseRequired: boolean;
  consumerId: ConsumerId | undefined;
  destination: Destination | undefined;
  timeout: Long;
  correlationId: string | undefined;
  messageId: MessageId | undefined;
}

/** Type 21. */
export interface MessageDispatch {
  readonly type: 21;
  commandId: number;
  responseRequired: boolean;
  consumerId: ConsumerId | undefined;
  destination: Destination | undefined;
  message: Message | undefined;
  redeliveryCounter: number;
}

/** Type 22. */
export interface MessageAck {
  readonly type: 22;
  commandId: number;
  responseRequired: boolean;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  consumerId: ConsumerId | undefined;
  ackType: number;
  firstMessageId: MessageId | undefined;
  lastMessageId: MessageId | undefined;
  messageCount: number;
  poisonCause: Throwable | undefined;
}

/** Type 23. */
export interface PlainMessage {
  readonly type: 23;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 24. */
export interface BytesMessage {
  readonly type: 24;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 25. */
export interface MapMessage {
  readonly type: 25;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 26. */
export interface ObjectMessage {
  readonly type: 26;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 27. */
export interface StreamMessage {
  readonly type: 27;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 28. */
export interface TextMessage {
  readonly type: 28;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
}

/** Type 29. */
export interface BlobMessage {
  readonly type: 29;
  commandId: number;
  responseRequired: boolean;
  producerId: ProducerId | undefined;
  destination: Destination | undefined;
  transactionId: TransactionId | undefined;
  originalDestination: Destination | undefined;
  messageId: MessageId | undefined;
  originalTransactionId: TransactionId | undefined;
  groupId: string | undefined;
  groupSequence: number;
  correlationId: string | undefined;
  persistent: boolean;
  expiration: Long;
  priority: number;
  replyTo: Destination | undefined;
  timestamp: Long;
  jmsType: string | undefined;
  content: Buffer | undefined;
  marshalledProperties: Buffer | undefined;
  dataStructure: DataStructure | undefined;
  targetConsumerId: ConsumerId | undefined;
  compressed: boolean;
  redeliveryCounter: number;
  brokerPath: readonly (BrokerId | undefined)[] | undefined;
  arrival: Long;
  userId: string | undefined;
  receivedByBridge: boolean;
  droppable: boolean;
  cluster: readonly (BrokerId | undefined)[] | undefined;
  brokerInTime: Long;
  brokerOutTime: Long;
  groupFirstForConsumer: boolean;
  remoteBlobUrl: string | undefined;
  mimeType: string | undefined;
  deletedByBroker: boolean;
}

/** Type 30. */
export interface PlainResponse {
  readonly type: 30;
  commandId: number;
  responseRequired: boolean;
  correlationId: number;
}

/** Type 31. */
export interface ExceptionResponse {
  readonly type: 31;
  commandId: number;
  responseRequired: boolean;
  correlationId: number;
  exception: Throwable | undefined;
}

/** Type 32. */
export interface DataResponse {
  readonly type: 32;
  commandId: number;
  responseRequired: boolean;
  correlationId: number;
  data: DataStructure | undefined;
}

/** Type 33. */
export interface DataArrayResponse {
  readonly type: 33;
  commandId: number;
  responseRequired: boolean;
  correlationId: number;
  data: readonly (DataStructure | undefined)[] | undefined;
}

/** Type 34. */
export interface IntegerResponse {
  readonly type: 34;
  commandId: number;
  responseRequired: boolean;
  correlationId: number;
  result: number;
}

/** Type 40. */
export interface DiscoveryEvent {
  readonly type: 40;
  serviceName: string | undefined;
  brokerName: string | undefined;
}

/** Type 55. */
export interface SubscriptionInfo {
  readonly type: 55;
  clientId: string | undefined;
  destination: Destination | undefined;
  selector: string | undefined;
  subscriptionName: string | undefined;
  subscribedDestination: Destination | undefined;
  noLocal: boolean;
}

/** Type 60. */
export interface PartialCommand {
  readonly type: 60;
  commandId: number;
  data: Buffer | undefined;
}

/** Type 61. */
export interface LastPartialCommand {
  readonly type: 61;
  commandId: number;
  data: Buffer | undefined;
}

/** Type 65. */
export interface ReplayCommand {
  readonly type: 65;
  commandId: number;
  responseRequired: boolean;
  firstNakNumber: number;
  lastNakNumber: number;
}

/** Type 90. */
export interface MessageDispatchNotification {
  readonly type: 90;
  commandId: number;
  responseRequired: boolean;
  consumerId: ConsumerId | undefined;
  destination: Destination | undefined;
  deliverySequenceId: Long;
  messageId: MessageId | undefined;
}

/** Type 91. */
export interface NetworkBridgeFilter {
  readonly type: 91;
  networkTtl: number;
  networkBrokerId: BrokerId | undefined;
  messageTtl: number;
  consumerTtl: number;
}

/** Type 92. */
export interface BrokerSubscriptionInfo {
  readonly type: 92;
  commandId: number;
  responseRequired: boolean;
  brokerId: BrokerId | undefined;
  brokerName: string | undefined;
  subscriptionInfos: readonly (SubscriptionInfo | undefined)[] | undefined;
}

/** Type 100. */
export interface QueueDestination {
  readonly type: 100;
  physicalName: string | undefined;
}

/** Type 101. */
export interface TopicDestination {
  readonly type: 101;
  physicalName: string | undefined;
}

/** Type 102. */
export interface TempQueueDestination {
  readonly type: 102;
  physicalName: string | undefined;
}

/** Type 103. */
export interface TempTopicDestination {
  readonly type: 103;
  physicalName: string | undefined;
}

/** Type 110. */
export interface MessageId {
  readonly type: 110;
  textView: string | undefined;
  producerId: ProducerId | undefined;
  producerSequenceId: Long;
  brokerSequenceId: Long;
}

/** Type 111. */
export interface LocalTransactionId {
  readonly type: 111;
  value: Long;
  connectionId: ConnectionId | undefined;
}

/** Type 112. */
export interface XaTransactionId {
  readonly type: 112;
  formatId: number;
  globalTransactionId: Buffer | undefined;
  branchQualifier: Buffer | undefined;
}

/** Type 120. */
export interface ConnectionId {
  readonly type: 120;
  value: string | undefined;
}

/** Type 121. */
export interface SessionId {
  readonly type: 121;
  connectionId: string | undefined;
  value: Long;
}

/** Type 122. */
export interface ConsumerId {
  readonly type: 122;
  connectionId: string | undefined;
  sessionId: Long;
  value: Long;
}

/** Type 123. */
export interface ProducerId {
  readonly type: 123;
  connectionId: string | undefined;
  value: Long;
  sessionId: Long;
}

/** Type 124. */
export interface BrokerId {
  readonly type: 124;
  value: string | undefined;
}

/** Any of the structures that a Destination can be. */
export type Destination =
  | QueueDestination
  | TopicDestination
  | TempQueueDestination
  | TempTopicDestination;

/** Any of the structures that a TransactionId can be. */
export type TransactionId = LocalTransactionId | XaTransactionId;

/** Any of the structures that a Message can be. */
export type Message =
  | PlainMessage
  | BytesMessage
  | MapMessage
  | ObjectMessage
  | StreamMessage
  | TextMessage
  | BlobMessage;

/** A structure that can be sent by itself, with a number. */
export type Command =
  | BrokerInfo
  | ConnectionInfo
  | SessionInfo
  | ConsumerInfo
  | ProducerInfo
  | TransactionInfo
  | DestinationInfo
  | RemoveSubscriptionInfo
  | KeepAliveInfo
  | ShutdownInfo
  | RemoveInfo
  | ControlCommand
  | FlushCommand
  | ConnectionError
  | ConsumerControl
  | ConnectionControl
  | ProducerAck
  | MessagePull
  | MessageDispatch
  | MessageAck
  | PlainMessage
  | BytesMessage
  | MapMessage
  | ObjectMessage
  | StreamMessage
  | TextMessage
  | BlobMessage
  | PlainResponse
  | ExceptionResponse
  | DataResponse
  | DataArrayResponse
  | IntegerResponse
  | ReplayCommand
  | MessageDispatchNotification
  | BrokerSubscriptionInfo;

/** Any structure, told apart by `type`. */
export type DataStructure =
  | BrokerInfo
  | ConnectionInfo
  | SessionInfo
  | ConsumerInfo
  | ProducerInfo
  | TransactionInfo
  | DestinationInfo
  | RemoveSubscriptionInfo
  | KeepAliveInfo
  | ShutdownInfo
  | RemoveInfo
  | ControlCommand
  | FlushCommand
  | ConnectionError
  | ConsumerControl
  | ConnectionControl
  | ProducerAck
  | MessagePull
  | MessageDispatch
  | MessageAck
  | PlainMessage
  | BytesMessage
  | MapMessage
  | ObjectMessage
  | StreamMessage
  | TextMessage
  | BlobMessage
  | PlainResponse
  | ExceptionResponse
  | DataResponse
  | DataArrayResponse
  | IntegerResponse
  | DiscoveryEvent
  | SubscriptionInfo
  | PartialCommand
  | LastPartialCommand
  | ReplayCommand
  | MessageDispatchNotification
  | NetworkBridgeFilter
  | BrokerSubscriptionInfo
  | QueueDestination
  | TopicDestination
  | TempQueueDestination
  | TempTopicDestination
  | MessageId
  | LocalTransactionId
  | XaTransactionId
  | ConnectionId
  | SessionId
  | ConsumerId
  | ProducerId
  | BrokerId;

/** The type number of each structure, by its name. */
export const types = {
  BrokerInfo: 2,
  ConnectionInfo: 3,
  SessionInfo: 4,
  ConsumerInfo: 5,
  ProducerInfo: 6,
  TransactionInfo: 7,
  DestinationInfo: 8,
  RemoveSubscriptionInfo: 9,
  KeepAliveInfo: 10,
  ShutdownInfo: 11,
  RemoveInfo: 12,
  ControlCommand: 14,
  FlushCommand: 15,
  ConnectionError: 16,
  ConsumerControl: 17,
  ConnectionControl: 18,
  ProducerAck: 19,
  MessagePull: 20,
  MessageDispatch: 21,
  MessageAck: 22,
  PlainMessage: 23,
  BytesMessage: 24,
  MapMessage: 25,
  ObjectMessage: 26,
  StreamMessage: 27,
  TextMessage: 28,
  BlobMessage: 29,
  PlainResponse: 30,
  ExceptionResponse: 31,
  DataResponse: 32,
  DataArrayResponse: 33,
  IntegerResponse: 34,
  DiscoveryEvent: 40,
  SubscriptionInfo: 55,
  PartialCommand: 60,
  LastPartialCommand: 61,
  ReplayCommand: 65,
  MessageDispatchNotification: 90,
  NetworkBridgeFilter: 91,
  BrokerSubscriptionInfo: 92,
  QueueDestination: 100,
  TopicDestination: 101,
  TempQueueDestination: 102,
  TempTopicDestination: 103,
  MessageId: 110,
  LocalTransactionId: 111,
  XaTransactionId: 112,
  ConnectionId: 120,
  SessionId: 121,
  ConsumerId: 122,
  ProducerId: 123,
  BrokerId: 124,
} as const;

const brokerIdTypes: readonly number[] = [124];
const brokerInfoTypes: readonly number[] = [2];
const connectionIdTypes: readonly number[] = [120];
const sessionIdTypes: readonly number[] = [121];
const consumerIdTypes: readonly number[] = [122];
const destinationTypes: readonly number[] = [100, 101, 102, 103];
const producerIdTypes: readonly number[] = [123];
const transactionIdTypes: readonly number[] = [111, 112];
const connectionIdOrSessionIdOrConsumerIdOrProducerIdTypes: readonly number[] = [
  120, 121, 122, 123,
];
const messageIdTypes: readonly number[] = [110];
const messageTypes: readonly number[] = [23, 24, 25, 26, 27, 28, 29];
const subscriptionInfoTypes: readonly number[] = [55];

/** Requires a structure to be of a type that its field allows. */
function oneOf<S extends DataStructure>(
  found: DataStructure | undefined,
  types: readonly number[],
): S | undefined {
  if (found === undefined || types.includes(found.type)) return found as S | undefined;
  throw new OpenWireError('malformed', `a structure of type ${found.type} in a field of another`);
}

/** The same for each item of a list. */
function allOf<S extends DataStructure>(
  found: readonly (DataStructure | undefined)[] | undefined,
  types: readonly number[],
): readonly (S | undefined)[] | undefined {
  return found?.map((item) => oneOf<S>(item, types));
}

function readBrokerInfo(r: WireReader): BrokerInfo {
  return {
    type: 2,
    commandId: r.int(),
    responseRequired: r.bool(),
    brokerId: oneOf<BrokerId>(r.cached(readStructure), brokerIdTypes),
    brokerUrl: r.str(),
    peerBrokerInfos: allOf<BrokerInfo>(r.list(readStructure), brokerInfoTypes),
    brokerName: r.str(),
    slaveBroker: r.bool(),
    masterBroker: r.bool(),
    faultTolerantConfiguration: r.bool(),
    duplexConnection: r.version >= 2 ? r.bool() : false,
    networkConnection: r.version >= 2 ? r.bool() : false,
    connectionId: r.version >= 2 ? r.long() : 0,
    brokerUploadUrl: r.version >= 3 ? r.str() : undefined,
    networkProperties: r.version >= 3 ? r.str() : undefined,
  };
}

function readConnectionInfo(r: WireReader): ConnectionInfo {
  return {
    type: 3,
    commandId: r.int(),
    responseRequired: r.bool(),
    connectionId: oneOf<ConnectionId>(r.cached(readStructure), connectionIdTypes),
    clientId: r.str(),
    password: r.str(),
    userName: r.str(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    brokerMasterConnector: r.bool(),
    manageable: r.bool(),
    clientMaster: r.version >= 2 ? r.bool() : false,
    faultTolerant: r.version >= 6 ? r.bool() : false,
    failoverReconnect: r.version >= 6 ? r.bool() : false,
    clientIp: r.version >= 8 ? r.str() : undefined,
  };
}

function readSessionInfo(r: WireReader): SessionInfo {
  return {
    type: 4,
    commandId: r.int(),
    responseRequired: r.bool(),
    sessionId: oneOf<SessionId>(r.cached(readStructure), sessionIdTypes),
  };
}

function readConsumerInfo(r: WireReader): ConsumerInfo {
  return {
    type: 5,
    commandId: r.int(),
    responseRequired: r.bool(),
    consumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    browser: r.bool(),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    prefetchSize: r.int(),
    maximumPendingMessageLimit: r.int(),
    dispatchAsync: r.bool(),
    selector: r.str(),
    clientId: r.version >= 10 ? r.str() : undefined,
    subscriptionName: r.str(),
    noLocal: r.bool(),
    exclusive: r.bool(),
    retroactive: r.bool(),
    priority: r.byte(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    additionalPredicate: r.nested(readStructure),
    networkSubscription: r.bool(),
    optimizedAcknowledge: r.bool(),
    noRangeAcks: r.bool(),
    networkConsumerPath:
      r.version >= 4 ? allOf<ConsumerId>(r.list(readStructure), consumerIdTypes) : undefined,
  };
}

function readProducerInfo(r: WireReader): ProducerInfo {
  return {
    type: 6,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    dispatchAsync: r.version >= 2 ? r.bool() : false,
    windowSize: r.version >= 3 ? r.int() : 0,
  };
}

function readTransactionInfo(r: WireReader): TransactionInfo {
  return {
    type: 7,
    commandId: r.int(),
    responseRequired: r.bool(),
    connectionId: oneOf<ConnectionId>(r.cached(readStructure), connectionIdTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    action: r.byte(),
  };
}

function readDestinationInfo(r: WireReader): DestinationInfo {
  return {
    type: 8,
    commandId: r.int(),
    responseRequired: r.bool(),
    connectionId: oneOf<ConnectionId>(r.cached(readStructure), connectionIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    operationType: r.byte(),
    timeout: r.long(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
  };
}

function readRemoveSubscriptionInfo(r: WireReader): RemoveSubscriptionInfo {
  return {
    type: 9,
    commandId: r.int(),
    responseRequired: r.bool(),
    connectionId: oneOf<ConnectionId>(r.cached(readStructure), connectionIdTypes),
    subscriptionName: r.str(),
    clientId: r.str(),
  };
}

function readKeepAliveInfo(r: WireReader): KeepAliveInfo {
  return {
    type: 10,
    commandId: r.int(),
    responseRequired: r.bool(),
  };
}

function readShutdownInfo(r: WireReader): ShutdownInfo {
  return {
    type: 11,
    commandId: r.int(),
    responseRequired: r.bool(),
  };
}

function readRemoveInfo(r: WireReader): RemoveInfo {
  return {
    type: 12,
    commandId: r.int(),
    responseRequired: r.bool(),
    objectId: oneOf<ConnectionId | SessionId | ConsumerId | ProducerId>(
      r.cached(readStructure),
      connectionIdOrSessionIdOrConsumerIdOrProducerIdTypes,
    ),
    lastDeliveredSequenceId: r.version >= 5 ? r.long() : 0,
  };
}

function readControlCommand(r: WireReader): ControlCommand {
  return {
    type: 14,
    commandId: r.int(),
    responseRequired: r.bool(),
    command: r.str(),
  };
}

function readFlushCommand(r: WireReader): FlushCommand {
  return {
    type: 15,
    commandId: r.int(),
    responseRequired: r.bool(),
  };
}

function readConnectionError(r: WireReader): ConnectionError {
  return {
    type: 16,
    commandId: r.int(),
    responseRequired: r.bool(),
    exception: r.throwable(),
    connectionId: oneOf<ConnectionId>(r.nested(readStructure), connectionIdTypes),
  };
}

function readConsumerControl(r: WireReader): ConsumerControl {
  return {
    type: 17,
    commandId: r.int(),
    responseRequired: r.bool(),
    destination:
      r.version >= 6 ? oneOf<Destination>(r.nested(readStructure), destinationTypes) : undefined,
    close: r.bool(),
    consumerId: oneOf<ConsumerId>(r.nested(readStructure), consumerIdTypes),
    prefetch: r.int(),
    flush: r.version >= 2 ? r.bool() : false,
    start: r.version >= 2 ? r.bool() : false,
    stop: r.version >= 2 ? r.bool() : false,
  };
}

function readConnectionControl(r: WireReader): ConnectionControl {
  return {
    type: 18,
    commandId: r.int(),
    responseRequired: r.bool(),
    close: r.bool(),
    exit: r.bool(),
    faultTolerant: r.bool(),
    resume: r.bool(),
    suspend: r.bool(),
    connectedBrokers: r.version >= 6 ? r.str() : undefined,
    reconnectTo: r.version >= 6 ? r.str() : undefined,
    rebalanceConnection: r.version >= 6 ? r.bool() : false,
    token: r.version >= 8 ? r.data() : undefined,
  };
}

function readProducerAck(r: WireReader): ProducerAck {
  return {
    type: 19,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.nested(readStructure), producerIdTypes),
    size: r.int(),
  };
}

function readMessagePull(r: WireReader): MessagePull {
  return {
    type: 20,
    commandId: r.int(),
    responseRequired: r.bool(),
    consumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    timeout: r.long(),
    correlationId: r.version >= 3 ? r.str() : undefined,
    messageId:
      r.version >= 3 ? oneOf<MessageId>(r.nested(readStructure), messageIdTypes) : undefined,
  };
}

function readMessageDispatch(r: WireReader): MessageDispatch {
  return {
    type: 21,
    commandId: r.int(),
    responseRequired: r.bool(),
    consumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    message: oneOf<Message>(r.nested(readStructure), messageTypes),
    redeliveryCounter: r.int(),
  };
}

function readMessageAck(r: WireReader): MessageAck {
  return {
    type: 22,
    commandId: r.int(),
    responseRequired: r.bool(),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    consumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    ackType: r.byte(),
    firstMessageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    lastMessageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    messageCount: r.int(),
    poisonCause: r.version >= 7 ? r.throwable() : undefined,
  };
}

function readPlainMessage(r: WireReader): PlainMessage {
  return {
    type: 23,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readBytesMessage(r: WireReader): BytesMessage {
  return {
    type: 24,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readMapMessage(r: WireReader): MapMessage {
  return {
    type: 25,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readObjectMessage(r: WireReader): ObjectMessage {
  return {
    type: 26,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readStreamMessage(r: WireReader): StreamMessage {
  return {
    type: 27,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readTextMessage(r: WireReader): TextMessage {
  return {
    type: 28,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
  };
}

function readBlobMessage(r: WireReader): BlobMessage {
  return {
    type: 29,
    commandId: r.int(),
    responseRequired: r.bool(),
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    transactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    originalDestination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
    originalTransactionId: oneOf<TransactionId>(r.cached(readStructure), transactionIdTypes),
    groupId: r.str(),
    groupSequence: r.int(),
    correlationId: r.str(),
    persistent: r.bool(),
    expiration: r.long(),
    priority: r.byte(),
    replyTo: oneOf<Destination>(r.nested(readStructure), destinationTypes),
    timestamp: r.long(),
    jmsType: r.str(),
    content: r.data(),
    marshalledProperties: r.data(),
    dataStructure: r.nested(readStructure),
    targetConsumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    compressed: r.bool(),
    redeliveryCounter: r.int(),
    brokerPath: allOf<BrokerId>(r.list(readStructure), brokerIdTypes),
    arrival: r.long(),
    userId: r.str(),
    receivedByBridge: r.bool(),
    droppable: r.version >= 2 ? r.bool() : false,
    cluster: r.version >= 3 ? allOf<BrokerId>(r.list(readStructure), brokerIdTypes) : undefined,
    brokerInTime: r.version >= 3 ? r.long() : 0,
    brokerOutTime: r.version >= 3 ? r.long() : 0,
    groupFirstForConsumer: r.version >= 10 ? r.bool() : false,
    remoteBlobUrl: r.str(),
    mimeType: r.str(),
    deletedByBroker: r.bool(),
  };
}

function readPlainResponse(r: WireReader): PlainResponse {
  return {
    type: 30,
    commandId: r.int(),
    responseRequired: r.bool(),
    correlationId: r.int(),
  };
}

function readExceptionResponse(r: WireReader): ExceptionResponse {
  return {
    type: 31,
    commandId: r.int(),
    responseRequired: r.bool(),
    correlationId: r.int(),
    exception: r.throwable(),
  };
}

function readDataResponse(r: WireReader): DataResponse {
  return {
    type: 32,
    commandId: r.int(),
    responseRequired: r.bool(),
    correlationId: r.int(),
    data: r.nested(readStructure),
  };
}

function readDataArrayResponse(r: WireReader): DataArrayResponse {
  return {
    type: 33,
    commandId: r.int(),
    responseRequired: r.bool(),
    correlationId: r.int(),
    data: r.list(readStructure),
  };
}

function readIntegerResponse(r: WireReader): IntegerResponse {
  return {
    type: 34,
    commandId: r.int(),
    responseRequired: r.bool(),
    correlationId: r.int(),
    result: r.int(),
  };
}

function readDiscoveryEvent(r: WireReader): DiscoveryEvent {
  return {
    type: 40,
    serviceName: r.str(),
    brokerName: r.str(),
  };
}

function readSubscriptionInfo(r: WireReader): SubscriptionInfo {
  return {
    type: 55,
    clientId: r.str(),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    selector: r.str(),
    subscriptionName: r.str(),
    subscribedDestination:
      r.version >= 3 ? oneOf<Destination>(r.nested(readStructure), destinationTypes) : undefined,
    noLocal: r.version >= 11 ? r.bool() : false,
  };
}

function readPartialCommand(r: WireReader): PartialCommand {
  return {
    type: 60,
    commandId: r.int(),
    data: r.data(),
  };
}

function readLastPartialCommand(r: WireReader): LastPartialCommand {
  return {
    type: 61,
    commandId: r.int(),
    data: r.data(),
  };
}

function readReplayCommand(r: WireReader): ReplayCommand {
  return {
    type: 65,
    commandId: r.int(),
    responseRequired: r.bool(),
    firstNakNumber: r.int(),
    lastNakNumber: r.int(),
  };
}

function readMessageDispatchNotification(r: WireReader): MessageDispatchNotification {
  return {
    type: 90,
    commandId: r.int(),
    responseRequired: r.bool(),
    consumerId: oneOf<ConsumerId>(r.cached(readStructure), consumerIdTypes),
    destination: oneOf<Destination>(r.cached(readStructure), destinationTypes),
    deliverySequenceId: r.long(),
    messageId: oneOf<MessageId>(r.nested(readStructure), messageIdTypes),
  };
}

function readNetworkBridgeFilter(r: WireReader): NetworkBridgeFilter {
  return {
    type: 91,
    networkTtl: r.version <= 9 ? r.int() : 0,
    networkBrokerId: oneOf<BrokerId>(r.cached(readStructure), brokerIdTypes),
    messageTtl: r.version >= 10 ? r.int() : 0,
    consumerTtl: r.version >= 10 ? r.int() : 0,
  };
}

function readBrokerSubscriptionInfo(r: WireReader): BrokerSubscriptionInfo {
  return {
    type: 92,
    commandId: r.int(),
    responseRequired: r.bool(),
    brokerId: oneOf<BrokerId>(r.nested(readStructure), brokerIdTypes),
    brokerName: r.str(),
    subscriptionInfos: allOf<SubscriptionInfo>(r.list(readStructure), subscriptionInfoTypes),
  };
}

function readQueueDestination(r: WireReader): QueueDestination {
  return {
    type: 100,
    physicalName: r.str(),
  };
}

function readTopicDestination(r: WireReader): TopicDestination {
  return {
    type: 101,
    physicalName: r.str(),
  };
}

function readTempQueueDestination(r: WireReader): TempQueueDestination {
  return {
    type: 102,
    physicalName: r.str(),
  };
}

function readTempTopicDestination(r: WireReader): TempTopicDestination {
  return {
    type: 103,
    physicalName: r.str(),
  };
}

function readMessageId(r: WireReader): MessageId {
  return {
    type: 110,
    textView: r.version >= 10 ? r.str() : undefined,
    producerId: oneOf<ProducerId>(r.cached(readStructure), producerIdTypes),
    producerSequenceId: r.long(),
    brokerSequenceId: r.long(),
  };
}

function readLocalTransactionId(r: WireReader): LocalTransactionId {
  return {
    type: 111,
    value: r.long(),
    connectionId: oneOf<ConnectionId>(r.cached(readStructure), connectionIdTypes),
  };
}

function readXaTransactionId(r: WireReader): XaTransactionId {
  return {
    type: 112,
    formatId: r.int(),
    globalTransactionId: r.octets(),
    branchQualifier: r.octets(),
  };
}

function readConnectionId(r: WireReader): ConnectionId {
  return {
    type: 120,
    value: r.str(),
  };
}

function readSessionId(r: WireReader): SessionId {
  return {
    type: 121,
    connectionId: r.str(),
    value: r.long(),
  };
}

function readConsumerId(r: WireReader): ConsumerId {
  return {
    type: 122,
    connectionId: r.str(),
    sessionId: r.long(),
    value: r.long(),
  };
}

function readProducerId(r: WireReader): ProducerId {
  return {
    type: 123,
    connectionId: r.str(),
    value: r.long(),
    sessionId: r.long(),
  };
}

function readBrokerId(r: WireReader): BrokerId {
  return {
    type: 124,
    value: r.str(),
  };
}

/** Reads the fields of a structure; undefined if there is no such type. */
export function readStructure(r: WireReader, type: number): DataStructure | undefined {
  switch (type) {
    case 2:
      return readBrokerInfo(r);
    case 3:
      return readConnectionInfo(r);
    case 4:
      return readSessionInfo(r);
    case 5:
      return readConsumerInfo(r);
    case 6:
      return readProducerInfo(r);
    case 7:
      return readTransactionInfo(r);
    case 8:
      return readDestinationInfo(r);
    case 9:
      return readRemoveSubscriptionInfo(r);
    case 10:
      return readKeepAliveInfo(r);
    case 11:
      return readShutdownInfo(r);
    case 12:
      return readRemoveInfo(r);
    case 14:
      return readControlCommand(r);
    case 15:
      return readFlushCommand(r);
    case 16:
      return readConnectionError(r);
    case 17:
      return readConsumerControl(r);
    case 18:
      return readConnectionControl(r);
    case 19:
      return readProducerAck(r);
    case 20:
      return readMessagePull(r);
    case 21:
      return readMessageDispatch(r);
    case 22:
      return readMessageAck(r);
    case 23:
      return readPlainMessage(r);
    case 24:
      return readBytesMessage(r);
    case 25:
      return readMapMessage(r);
    case 26:
      return readObjectMessage(r);
    case 27:
      return readStreamMessage(r);
    case 28:
      return readTextMessage(r);
    case 29:
      return readBlobMessage(r);
    case 30:
      return readPlainResponse(r);
    case 31:
      return readExceptionResponse(r);
    case 32:
      return readDataResponse(r);
    case 33:
      return readDataArrayResponse(r);
    case 34:
      return readIntegerResponse(r);
    case 40:
      return readDiscoveryEvent(r);
    case 55:
      return readSubscriptionInfo(r);
    case 60:
      return readPartialCommand(r);
    case 61:
      return readLastPartialCommand(r);
    case 65:
      return readReplayCommand(r);
    case 90:
      return readMessageDispatchNotification(r);
    case 91:
      return readNetworkBridgeFilter(r);
    case 92:
      return readBrokerSubscriptionInfo(r);
    case 100:
      return readQueueDestination(r);
    case 101:
      return readTopicDestination(r);
    case 102:
      return readTempQueueDestination(r);
    case 103:
      return readTempTopicDestination(r);
    case 110:
      return readMessageId(r);
    case 111:
      return readLocalTransactionId(r);
    case 112:
      return readXaTransactionId(r);
    case 120:
      return readConnectionId(r);
    case 121:
      return readSessionId(r);
    case 122:
      return readConsumerId(r);
    case 123:
      return readProducerId(r);
    case 124:
      return readBrokerId(r);
    default:
      return undefined;
  }
}

function writeBrokerInfo(w: WireWriter, s: BrokerInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.brokerId, writeStructure);
  w.str(s.brokerUrl);
  w.list(s.peerBrokerInfos, writeStructure);
  w.str(s.brokerName);
  w.bool(s.slaveBroker);
  w.bool(s.masterBroker);
  w.bool(s.faultTolerantConfiguration);
  if (w.version >= 2) w.bool(s.duplexConnection);
  if (w.version >= 2) w.bool(s.networkConnection);
  if (w.version >= 2) w.long(s.connectionId);
  if (w.version >= 3) w.str(s.brokerUploadUrl);
  if (w.version >= 3) w.str(s.networkProperties);
}

function writeConnectionInfo(w: WireWriter, s: ConnectionInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.connectionId, writeStructure);
  w.str(s.clientId);
  w.str(s.password);
  w.str(s.userName);
  w.list(s.brokerPath, writeStructure);
  w.bool(s.brokerMasterConnector);
  w.bool(s.manageable);
  if (w.version >= 2) w.bool(s.clientMaster);
  if (w.version >= 6) w.bool(s.faultTolerant);
  if (w.version >= 6) w.bool(s.failoverReconnect);
  if (w.version >= 8) w.str(s.clientIp);
}

function writeSessionInfo(w: WireWriter, s: SessionInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.sessionId, writeStructure);
}

function writeConsumerInfo(w: WireWriter, s: ConsumerInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.consumerId, writeStructure);
  w.bool(s.browser);
  w.cached(s.destination, writeStructure);
  w.int(s.prefetchSize);
  w.int(s.maximumPendingMessageLimit);
  w.bool(s.dispatchAsync);
  w.str(s.selector);
  if (w.version >= 10) w.str(s.clientId);
  w.str(s.subscriptionName);
  w.bool(s.noLocal);
  w.bool(s.exclusive);
  w.bool(s.retroactive);
  w.byte(s.priority);
  w.list(s.brokerPath, writeStructure);
  w.nested(s.additionalPredicate, writeStructure);
  w.bool(s.networkSubscription);
  w.bool(s.optimizedAcknowledge);
  w.bool(s.noRangeAcks);
  if (w.version >= 4) w.list(s.networkConsumerPath, writeStructure);
}

function writeProducerInfo(w: WireWriter, s: ProducerInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.list(s.brokerPath, writeStructure);
  if (w.version >= 2) w.bool(s.dispatchAsync);
  if (w.version >= 3) w.int(s.windowSize);
}

function writeTransactionInfo(w: WireWriter, s: TransactionInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.connectionId, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.byte(s.action);
}

function writeDestinationInfo(w: WireWriter, s: DestinationInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.connectionId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.byte(s.operationType);
  w.long(s.timeout);
  w.list(s.brokerPath, writeStructure);
}

function writeRemoveSubscriptionInfo(w: WireWriter, s: RemoveSubscriptionInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.connectionId, writeStructure);
  w.str(s.subscriptionName);
  w.str(s.clientId);
}

function writeKeepAliveInfo(w: WireWriter, s: KeepAliveInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
}

function writeShutdownInfo(w: WireWriter, s: ShutdownInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
}

function writeRemoveInfo(w: WireWriter, s: RemoveInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.objectId, writeStructure);
  if (w.version >= 5) w.long(s.lastDeliveredSequenceId);
}

function writeControlCommand(w: WireWriter, s: ControlCommand): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.str(s.command);
}

function writeFlushCommand(w: WireWriter, s: FlushCommand): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
}

function writeConnectionError(w: WireWriter, s: ConnectionError): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.throwable(s.exception);
  w.nested(s.connectionId, writeStructure);
}

function writeConsumerControl(w: WireWriter, s: ConsumerControl): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  if (w.version >= 6) w.nested(s.destination, writeStructure);
  w.bool(s.close);
  w.nested(s.consumerId, writeStructure);
  w.int(s.prefetch);
  if (w.version >= 2) w.bool(s.flush);
  if (w.version >= 2) w.bool(s.start);
  if (w.version >= 2) w.bool(s.stop);
}

function writeConnectionControl(w: WireWriter, s: ConnectionControl): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.bool(s.close);
  w.bool(s.exit);
  w.bool(s.faultTolerant);
  w.bool(s.resume);
  w.bool(s.suspend);
  if (w.version >= 6) w.str(s.connectedBrokers);
  if (w.version >= 6) w.str(s.reconnectTo);
  if (w.version >= 6) w.bool(s.rebalanceConnection);
  if (w.version >= 8) w.bytes(s.token);
}

function writeProducerAck(w: WireWriter, s: ProducerAck): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.nested(s.producerId, writeStructure);
  w.int(s.size);
}

function writeMessagePull(w: WireWriter, s: MessagePull): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.consumerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.long(s.timeout);
  if (w.version >= 3) w.str(s.correlationId);
  if (w.version >= 3) w.nested(s.messageId, writeStructure);
}

function writeMessageDispatch(w: WireWriter, s: MessageDispatch): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.consumerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.nested(s.message, writeStructure);
  w.int(s.redeliveryCounter);
}

function writeMessageAck(w: WireWriter, s: MessageAck): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.consumerId, writeStructure);
  w.byte(s.ackType);
  w.nested(s.firstMessageId, writeStructure);
  w.nested(s.lastMessageId, writeStructure);
  w.int(s.messageCount);
  if (w.version >= 7) w.throwable(s.poisonCause);
}

function writePlainMessage(w: WireWriter, s: PlainMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeBytesMessage(w: WireWriter, s: BytesMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeMapMessage(w: WireWriter, s: MapMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeObjectMessage(w: WireWriter, s: ObjectMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeStreamMessage(w: WireWriter, s: StreamMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeTextMessage(w: WireWriter, s: TextMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
}

function writeBlobMessage(w: WireWriter, s: BlobMessage): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.producerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.cached(s.transactionId, writeStructure);
  w.cached(s.originalDestination, writeStructure);
  w.nested(s.messageId, writeStructure);
  w.cached(s.originalTransactionId, writeStructure);
  w.str(s.groupId);
  w.int(s.groupSequence);
  w.str(s.correlationId);
  w.bool(s.persistent);
  w.long(s.expiration);
  w.byte(s.priority);
  w.nested(s.replyTo, writeStructure);
  w.long(s.timestamp);
  w.str(s.jmsType);
  w.content(s.content);
  w.bytes(s.marshalledProperties);
  w.nested(s.dataStructure, writeStructure);
  w.cached(s.targetConsumerId, writeStructure);
  w.bool(s.compressed);
  w.int(s.redeliveryCounter);
  w.list(s.brokerPath, writeStructure);
  w.long(s.arrival);
  w.str(s.userId);
  w.bool(s.receivedByBridge);
  if (w.version >= 2) w.bool(s.droppable);
  if (w.version >= 3) w.list(s.cluster, writeStructure);
  if (w.version >= 3) w.long(s.brokerInTime);
  if (w.version >= 3) w.long(s.brokerOutTime);
  if (w.version >= 10) w.bool(s.groupFirstForConsumer);
  w.str(s.remoteBlobUrl);
  w.str(s.mimeType);
  w.bool(s.deletedByBroker);
}

function writePlainResponse(w: WireWriter, s: PlainResponse): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.correlationId);
}

function writeExceptionResponse(w: WireWriter, s: ExceptionResponse): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.correlationId);
  w.throwable(s.exception);
}

function writeDataResponse(w: WireWriter, s: DataResponse): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.correlationId);
  w.nested(s.data, writeStructure);
}

function writeDataArrayResponse(w: WireWriter, s: DataArrayResponse): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.correlationId);
  w.list(s.data, writeStructure);
}

function writeIntegerResponse(w: WireWriter, s: IntegerResponse): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.correlationId);
  w.int(s.result);
}

function writeDiscoveryEvent(w: WireWriter, s: DiscoveryEvent): void {
  w.str(s.serviceName);
  w.str(s.brokerName);
}

function writeSubscriptionInfo(w: WireWriter, s: SubscriptionInfo): void {
  w.str(s.clientId);
  w.cached(s.destination, writeStructure);
  w.str(s.selector);
  w.str(s.subscriptionName);
  if (w.version >= 3) w.nested(s.subscribedDestination, writeStructure);
  if (w.version >= 11) w.bool(s.noLocal);
}

function writePartialCommand(w: WireWriter, s: PartialCommand): void {
  w.int(s.commandId);
  w.bytes(s.data);
}

function writeLastPartialCommand(w: WireWriter, s: LastPartialCommand): void {
  w.int(s.commandId);
  w.bytes(s.data);
}

function writeReplayCommand(w: WireWriter, s: ReplayCommand): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.int(s.firstNakNumber);
  w.int(s.lastNakNumber);
}

function writeMessageDispatchNotification(w: WireWriter, s: MessageDispatchNotification): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.cached(s.consumerId, writeStructure);
  w.cached(s.destination, writeStructure);
  w.long(s.deliverySequenceId);
  w.nested(s.messageId, writeStructure);
}

function writeNetworkBridgeFilter(w: WireWriter, s: NetworkBridgeFilter): void {
  if (w.version <= 9) w.int(s.networkTtl);
  w.cached(s.networkBrokerId, writeStructure);
  if (w.version >= 10) w.int(s.messageTtl);
  if (w.version >= 10) w.int(s.consumerTtl);
}

function writeBrokerSubscriptionInfo(w: WireWriter, s: BrokerSubscriptionInfo): void {
  w.int(s.commandId);
  w.bool(s.responseRequired);
  w.nested(s.brokerId, writeStructure);
  w.str(s.brokerName);
  w.list(s.subscriptionInfos, writeStructure);
}

function writeQueueDestination(w: WireWriter, s: QueueDestination): void {
  w.str(s.physicalName);
}

function writeTopicDestination(w: WireWriter, s: TopicDestination): void {
  w.str(s.physicalName);
}

function writeTempQueueDestination(w: WireWriter, s: TempQueueDestination): void {
  w.str(s.physicalName);
}

function writeTempTopicDestination(w: WireWriter, s: TempTopicDestination): void {
  w.str(s.physicalName);
}

function writeMessageId(w: WireWriter, s: MessageId): void {
  if (w.version >= 10) w.str(s.textView);
  w.cached(s.producerId, writeStructure);
  w.long(s.producerSequenceId);
  w.long(s.brokerSequenceId);
}

function writeLocalTransactionId(w: WireWriter, s: LocalTransactionId): void {
  w.long(s.value);
  w.cached(s.connectionId, writeStructure);
}

function writeXaTransactionId(w: WireWriter, s: XaTransactionId): void {
  w.int(s.formatId);
  w.bytes(s.globalTransactionId);
  w.bytes(s.branchQualifier);
}

function writeConnectionId(w: WireWriter, s: ConnectionId): void {
  w.str(s.value);
}

function writeSessionId(w: WireWriter, s: SessionId): void {
  w.str(s.connectionId);
  w.long(s.value);
}

function writeConsumerId(w: WireWriter, s: ConsumerId): void {
  w.str(s.connectionId);
  w.long(s.sessionId);
  w.long(s.value);
}

function writeProducerId(w: WireWriter, s: ProducerId): void {
  w.str(s.connectionId);
  w.long(s.value);
  w.long(s.sessionId);
}

function writeBrokerId(w: WireWriter, s: BrokerId): void {
  w.str(s.value);
}

/** Writes the fields of a structure, without its type. */
export function writeStructure(w: WireWriter, s: DataStructure): void {
  switch (s.type) {
    case 2:
      return writeBrokerInfo(w, s);
    case 3:
      return writeConnectionInfo(w, s);
    case 4:
      return writeSessionInfo(w, s);
    case 5:
      return writeConsumerInfo(w, s);
    case 6:
      return writeProducerInfo(w, s);
    case 7:
      return writeTransactionInfo(w, s);
    case 8:
      return writeDestinationInfo(w, s);
    case 9:
      return writeRemoveSubscriptionInfo(w, s);
    case 10:
      return writeKeepAliveInfo(w, s);
    case 11:
      return writeShutdownInfo(w, s);
    case 12:
      return writeRemoveInfo(w, s);
    case 14:
      return writeControlCommand(w, s);
    case 15:
      return writeFlushCommand(w, s);
    case 16:
      return writeConnectionError(w, s);
    case 17:
      return writeConsumerControl(w, s);
    case 18:
      return writeConnectionControl(w, s);
    case 19:
      return writeProducerAck(w, s);
    case 20:
      return writeMessagePull(w, s);
    case 21:
      return writeMessageDispatch(w, s);
    case 22:
      return writeMessageAck(w, s);
    case 23:
      return writePlainMessage(w, s);
    case 24:
      return writeBytesMessage(w, s);
    case 25:
      return writeMapMessage(w, s);
    case 26:
      return writeObjectMessage(w, s);
    case 27:
      return writeStreamMessage(w, s);
    case 28:
      return writeTextMessage(w, s);
    case 29:
      return writeBlobMessage(w, s);
    case 30:
      return writePlainResponse(w, s);
    case 31:
      return writeExceptionResponse(w, s);
    case 32:
      return writeDataResponse(w, s);
    case 33:
      return writeDataArrayResponse(w, s);
    case 34:
      return writeIntegerResponse(w, s);
    case 40:
      return writeDiscoveryEvent(w, s);
    case 55:
      return writeSubscriptionInfo(w, s);
    case 60:
      return writePartialCommand(w, s);
    case 61:
      return writeLastPartialCommand(w, s);
    case 65:
      return writeReplayCommand(w, s);
    case 90:
      return writeMessageDispatchNotification(w, s);
    case 91:
      return writeNetworkBridgeFilter(w, s);
    case 92:
      return writeBrokerSubscriptionInfo(w, s);
    case 100:
      return writeQueueDestination(w, s);
    case 101:
      return writeTopicDestination(w, s);
    case 102:
      return writeTempQueueDestination(w, s);
    case 103:
      return writeTempTopicDestination(w, s);
    case 110:
      return writeMessageId(w, s);
    case 111:
      return writeLocalTransactionId(w, s);
    case 112:
      return writeXaTransactionId(w, s);
    case 120:
      return writeConnectionId(w, s);
    case 121:
      return writeSessionId(w, s);
    case 122:
      return writeConsumerId(w, s);
    case 123:
      return writeProducerId(w, s);
    case 124:
      return writeBrokerId(w, s);
  }
}

/** Creates a BrokerInfo; fields that are not given are zero, false or null. */
export function brokerInfo(fields: Partial<Omit<BrokerInfo, 'type'>> = {}): BrokerInfo {
  return {
    type: 2,
    commandId: 0,
    responseRequired: false,
    brokerId: undefined,
    brokerUrl: undefined,
    peerBrokerInfos: undefined,
    brokerName: undefined,
    slaveBroker: false,
    masterBroker: false,
    faultTolerantConfiguration: false,
    duplexConnection: false,
    networkConnection: false,
    connectionId: 0,
    brokerUploadUrl: undefined,
    networkProperties: undefined,
    ...fields,
  };
}

/** Creates a ConnectionInfo; fields that are not given are zero, false or null. */
export function connectionInfo(fields: Partial<Omit<ConnectionInfo, 'type'>> = {}): ConnectionInfo {
  return {
    type: 3,
    commandId: 0,
    responseRequired: false,
    connectionId: undefined,
    clientId: undefined,
    password: undefined,
    userName: undefined,
    brokerPath: undefined,
    brokerMasterConnector: false,
    manageable: false,
    clientMaster: false,
    faultTolerant: false,
    failoverReconnect: false,
    clientIp: undefined,
    ...fields,
  };
}

/** Creates a SessionInfo; fields that are not given are zero, false or null. */
export function sessionInfo(fields: Partial<Omit<SessionInfo, 'type'>> = {}): SessionInfo {
  return {
    type: 4,
    commandId: 0,
    responseRequired: false,
    sessionId: undefined,
    ...fields,
  };
}

/** Creates a ConsumerInfo; fields that are not given are zero, false or null. */
export function consumerInfo(fields: Partial<Omit<ConsumerInfo, 'type'>> = {}): ConsumerInfo {
  return {
    type: 5,
    commandId: 0,
    responseRequired: false,
    consumerId: undefined,
    browser: false,
    destination: undefined,
    prefetchSize: 0,
    maximumPendingMessageLimit: 0,
    dispatchAsync: false,
    selector: undefined,
    clientId: undefined,
    subscriptionName: undefined,
    noLocal: false,
    exclusive: false,
    retroactive: false,
    priority: 0,
    brokerPath: undefined,
    additionalPredicate: undefined,
    networkSubscription: false,
    optimizedAcknowledge: false,
    noRangeAcks: false,
    networkConsumerPath: undefined,
    ...fields,
  };
}

/** Creates a ProducerInfo; fields that are not given are zero, false or null. */
export function producerInfo(fields: Partial<Omit<ProducerInfo, 'type'>> = {}): ProducerInfo {
  return {
    type: 6,
    commandId: 0,
    responseRequired: false,
    producerId: undefined,
    destination: undefined,
    brokerPath: undefined,
    dispatchAsync: false,
    windowSize: 0,
    ...fields,
  };
}

/** Creates a TransactionInfo; fields that are not given are zero, false or null. */
export function transactionInfo(
  fields: Partial<Omit<TransactionInfo, 'type'>> = {},
): TransactionInfo {
  return {
    type: 7,
    commandId: 0,
    responseRequired: false,
    connectionId: undefined,
    transactionId: undefined,
    action: 0,
    ...fields,
  };
}

/** Creates a DestinationInfo; fields that are not given are zero, false or null. */
export function destinationInfo(
  fields: Partial<Omit<DestinationInfo, 'type'>> = {},
): DestinationInfo {
  return {
    type: 8,
    commandId: 0,
    responseRequired: false,
    connectionId: undefined,
    destination: undefined,
    operationType: 0,
    timeout: 0,
    brokerPath: undefined,
    ...fields,
  };
}

/** Creates a RemoveSubscriptionInfo; fields that are not given are zero, false or null. */
export function removeSubscriptionInfo(
  fields: Partial<Omit<RemoveSubscriptionInfo, 'type'>> = {},
): RemoveSubscriptionInfo {
  return {
    type: 9,
    commandId: 0,
    responseRequired: false,
    connectionId: undefined,
    subscriptionName: undefined,
    clientId: undefined,
    ...fields,
  };
}

/** Creates a KeepAliveInfo; fields that are not given are zero, false or null. */
export function keepAliveInfo(fields: Partial<Omit<KeepAliveInfo, 'type'>> = {}): KeepAliveInfo {
  return {
    type: 10,
    commandId: 0,
    responseRequired: false,
    ...fields,
  };
}

/** Creates a ShutdownInfo; fields that are not given are zero, false or null. */
export function shutdownInfo(fields: Partial<Omit<ShutdownInfo, 'type'>> = {}): ShutdownInfo {
  return {
    type: 11,
    commandId: 0,
    responseRequired: false,
    ...fields,
  };
}

/** Creates a RemoveInfo; fields that are not given are zero, false or null. */
export function removeInfo(fields: Partial<Omit<RemoveInfo, 'type'>> = {}): RemoveInfo {
  return {
    type: 12,
    commandId: 0,
    responseRequired: false,
    objectId: undefined,
    lastDeliveredSequenceId: 0,
    ...fields,
  };
}

/** Creates a ConnectionError; fields that are not given are zero, false or null. */
export function connectionError(
  fields: Partial<Omit<ConnectionError, 'type'>> = {},
): ConnectionError {
  return {
    type: 16,
    commandId: 0,
    responseRequired: false,
    exception: undefined,
    connectionId: undefined,
    ...fields,
  };
}

/** Creates a ConsumerControl; fields that are not given are zero, false or null. */
export function consumerControl(
  fields: Partial<Omit<ConsumerControl, 'type'>> = {},
): ConsumerControl {
  return {
    type: 17,
    commandId: 0,
    responseRequired: false,
    destination: undefined,
    close: false,
    consumerId: undefined,
    prefetch: 0,
    flush: false,
    start: false,
    stop: false,
    ...fields,
  };
}

/** Creates a ConnectionControl; fields that are not given are zero, false or null. */
export function connectionControl(
  fields: Partial<Omit<ConnectionControl, 'type'>> = {},
): ConnectionControl {
  return {
    type: 18,
    commandId: 0,
    responseRequired: false,
    close: false,
    exit: false,
    faultTolerant: false,
    resume: false,
    suspend: false,
    connectedBrokers: undefined,
    reconnectTo: undefined,
    rebalanceConnection: false,
    token: undefined,
    ...fields,
  };
}

/** Creates a ProducerAck; fields that are not given are zero, false or null. */
export function producerAck(fields: Partial<Omit<ProducerAck, 'type'>> = {}): ProducerAck {
  return {
    type: 19,
    commandId: 0,
    responseRequired: false,
    producerId: undefined,
    size: 0,
    ...fields,
  };
}

/** Creates a MessagePull; fields that are not given are zero, false or null. */
export function messagePull(fields: Partial<Omit<MessagePull, 'type'>> = {}): MessagePull {
  return {
    type: 20,
    commandId: 0,
    responseRequired: false,
    consumerId: undefined,
    destination: undefined,
    timeout: 0,
    correlationId: undefined,
    messageId: undefined,
    ...fields,
  };
}

/** Creates a MessageDispatch; fields that are not given are zero, false or null. */
export function messageDispatch(
  fields: Partial<Omit<MessageDispatch, 'type'>> = {},
): MessageDispatch {
  return {
    type: 21,
    commandId: 0,
    responseRequired: false,
    consumerId: undefined,
    destination: undefined,
    message: undefined,
    redeliveryCounter: 0,
    ...fields,
  };
}

/** Creates a MessageAck; fields that are not given are zero, false or null. */
export function messageAck(fields: Partial<Omit<MessageAck, 'type'>> = {}): MessageAck {
  return {
    type: 22,
    commandId: 0,
    responseRequired: false,
    destination: undefined,
    transactionId: undefined,
    consumerId: undefined,
    ackType: 0,
    firstMessageId: undefined,
    lastMessageId: undefined,
    messageCount: 0,
    poisonCause: undefined,
    ...fields,
  };
}

/** Creates a PlainMessage; fields that are not given are zero, false or null. */
export function plainMessage(fields: Partial<Omit<PlainMessage, 'type'>> = {}): PlainMessage {
  return {
    type: 23,
    commandId: 0,
    responseRequired: false,
    producerId: undefined,
    destination: undefined,
    transactionId: undefined,
    originalDestination: undefined,
    messageId: undefined,
    originalTransactionId: undefined,
    groupId: undefined,
    groupSequence: 0,
    correlationId: undefined,
    persistent: false,
    expiration: 0,
    priority: 0,
    replyTo: undefined,
    timestamp: 0,
    jmsType: undefined,
    content: undefined,
    marshalledProperties: undefined,
    dataStructure: undefined,
    targetConsumerId: undefined,
    compressed: false,
    redeliveryCounter: 0,
    brokerPath: undefined,
    arrival: 0,
    userId: undefined,
    receivedByBridge: false,
    droppable: false,
    cluster: undefined,
    brokerInTime: 0,
    brokerOutTime: 0,
    groupFirstForConsumer: false,
    ...fields,
  };
}

/** Creates a TextMessage; fields that are not given are zero, false or null. */
export function textMessage(fields: Partial<Omit<TextMessage, 'type'>> = {}): TextMessage {
  return {
    type: 28,
    commandId: 0,
    responseRequired: false,
    producerId: undefined,
    destination: undefined,
    transactionId: undefined,
    originalDestination: undefined,
    messageId: undefined,
    originalTransactionId: undefined,
    groupId: undefined,
    groupSequence: 0,
    correlationId: undefined,
    persistent: false,
    expiration: 0,
    priority: 0,
    replyTo: undefined,
    timestamp: 0,
    jmsType: undefined,
    content: undefined,
    marshalledProperties: undefined,
    dataStructure: undefined,
    targetConsumerId: undefined,
    compressed: false,
    redeliveryCounter: 0,
    brokerPath: undefined,
    arrival: 0,
    userId: undefined,
    receivedByBridge: false,
    droppable: false,
    cluster: undefined,
    brokerInTime: 0,
    brokerOutTime: 0,
    groupFirstForConsumer: false,
    ...fields,
  };
}

/** Creates a PlainResponse; fields that are not given are zero, false or null. */
export function plainResponse(fields: Partial<Omit<PlainResponse, 'type'>> = {}): PlainResponse {
  return {
    type: 30,
    commandId: 0,
    responseRequired: false,
    correlationId: 0,
    ...fields,
  };
}

/** Creates a ExceptionResponse; fields that are not given are zero, false or null. */
export function exceptionResponse(
  fields: Partial<Omit<ExceptionResponse, 'type'>> = {},
): ExceptionResponse {
  return {
    type: 31,
    commandId: 0,
    responseRequired: false,
    correlationId: 0,
    exception: undefined,
    ...fields,
  };
}

/** Creates a DataArrayResponse; fields that are not given are zero, false or null. */
export function dataArrayResponse(
  fields: Partial<Omit<DataArrayResponse, 'type'>> = {},
): DataArrayResponse {
  return {
    type: 33,
    commandId: 0,
    responseRequired: false,
    correlationId: 0,
    data: undefined,
    ...fields,
  };
}

/** Creates a IntegerResponse; fields that are not given are zero, false or null. */
export function integerResponse(
  fields: Partial<Omit<IntegerResponse, 'type'>> = {},
): IntegerResponse {
  return {
    type: 34,
    commandId: 0,
    responseRequired: false,
    correlationId: 0,
    result: 0,
    ...fields,
  };
}
