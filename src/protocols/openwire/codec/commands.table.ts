/**
 * The data structures of OpenWire, one per line: the type number, the name, its base, and the fields
 * in their order on the wire. `npm run gen` generates commands.gen.ts from it.
 *
 * A line that begins with `-` is a base without a type number. A field is `name:kind`, or
 * `name:kind@n` if it exists from version n on. `a|b` is one of several structures. Kinds:
 *
 * - `bool`, `byte`, `short`, `int`, `long`, `str`, `thr` for a throwable, `bytes` for a slice of the
 *   frame, `octets` for a copy, and `content` for the body of a message.
 * - `^X`: a nested X. `~X`: a nested X that can be cached. `[X]`: a list of nested X. `any`: any
 *   structure.
 *
 * Structures that are only used in the stores of brokers, or between brokers, are left out if no
 * client can send them.
 */
export const commandsTable = `
- Command: commandId:int responseRequired:bool
- Message Command: producerId:~ProducerId destination:~Destination transactionId:~TransactionId originalDestination:~Destination messageId:^MessageId originalTransactionId:~TransactionId groupId:str groupSequence:int correlationId:str persistent:bool expiration:long priority:byte replyTo:^Destination timestamp:long jmsType:str content:content marshalledProperties:bytes dataStructure:^any targetConsumerId:~ConsumerId compressed:bool redeliveryCounter:int brokerPath:[BrokerId] arrival:long userId:str receivedByBridge:bool droppable:bool@2 cluster:[BrokerId]@3 brokerInTime:long@3 brokerOutTime:long@3 groupFirstForConsumer:bool@10
- Response Command: correlationId:int

2 BrokerInfo Command: brokerId:~BrokerId brokerUrl:str peerBrokerInfos:[BrokerInfo] brokerName:str slaveBroker:bool masterBroker:bool faultTolerantConfiguration:bool duplexConnection:bool@2 networkConnection:bool@2 connectionId:long@2 brokerUploadUrl:str@3 networkProperties:str@3
3 ConnectionInfo Command: connectionId:~ConnectionId clientId:str password:str userName:str brokerPath:[BrokerId] brokerMasterConnector:bool manageable:bool clientMaster:bool@2 faultTolerant:bool@6 failoverReconnect:bool@6 clientIp:str@8
4 SessionInfo Command: sessionId:~SessionId
5 ConsumerInfo Command: consumerId:~ConsumerId browser:bool destination:~Destination prefetchSize:int maximumPendingMessageLimit:int dispatchAsync:bool selector:str clientId:str@10 subscriptionName:str noLocal:bool exclusive:bool retroactive:bool priority:byte brokerPath:[BrokerId] additionalPredicate:^any networkSubscription:bool optimizedAcknowledge:bool noRangeAcks:bool networkConsumerPath:[ConsumerId]@4
6 ProducerInfo Command: producerId:~ProducerId destination:~Destination brokerPath:[BrokerId] dispatchAsync:bool@2 windowSize:int@3
7 TransactionInfo Command: connectionId:~ConnectionId transactionId:~TransactionId action:byte
8 DestinationInfo Command: connectionId:~ConnectionId destination:~Destination operationType:byte timeout:long brokerPath:[BrokerId]
9 RemoveSubscriptionInfo Command: connectionId:~ConnectionId subscriptionName:str clientId:str
10 KeepAliveInfo Command:
11 ShutdownInfo Command:
12 RemoveInfo Command: objectId:~ConnectionId|SessionId|ConsumerId|ProducerId lastDeliveredSequenceId:long@5
14 ControlCommand Command: command:str
15 FlushCommand Command:
16 ConnectionError Command: exception:thr connectionId:^ConnectionId
17 ConsumerControl Command: destination:^Destination@6 close:bool consumerId:^ConsumerId prefetch:int flush:bool@2 start:bool@2 stop:bool@2
18 ConnectionControl Command: close:bool exit:bool faultTolerant:bool resume:bool suspend:bool connectedBrokers:str@6 reconnectTo:str@6 rebalanceConnection:bool@6 token:bytes@8
19 ProducerAck Command: producerId:^ProducerId size:int
20 MessagePull Command: consumerId:~ConsumerId destination:~Destination timeout:long correlationId:str@3 messageId:^MessageId@3
21 MessageDispatch Command: consumerId:~ConsumerId destination:~Destination message:^Message redeliveryCounter:int
22 MessageAck Command: destination:~Destination transactionId:~TransactionId consumerId:~ConsumerId ackType:byte firstMessageId:^MessageId lastMessageId:^MessageId messageCount:int poisonCause:thr@7
23 PlainMessage Message:
24 BytesMessage Message:
25 MapMessage Message:
26 ObjectMessage Message:
27 StreamMessage Message:
28 TextMessage Message:
29 BlobMessage Message: remoteBlobUrl:str mimeType:str deletedByBroker:bool
30 PlainResponse Response:
31 ExceptionResponse Response: exception:thr
32 DataResponse Response: data:^any
33 DataArrayResponse Response: data:[any]
34 IntegerResponse Response: result:int
40 DiscoveryEvent: serviceName:str brokerName:str
55 SubscriptionInfo: clientId:str destination:~Destination selector:str subscriptionName:str subscribedDestination:^Destination@3 noLocal:bool@11
60 PartialCommand: commandId:int data:bytes
61 LastPartialCommand: commandId:int data:bytes
65 ReplayCommand Command: firstNakNumber:int lastNakNumber:int
90 MessageDispatchNotification Command: consumerId:~ConsumerId destination:~Destination deliverySequenceId:long messageId:^MessageId
91 NetworkBridgeFilter: networkTtl:int@1-9 networkBrokerId:~BrokerId messageTtl:int@10 consumerTtl:int@10
92 BrokerSubscriptionInfo Command: brokerId:^BrokerId brokerName:str subscriptionInfos:[SubscriptionInfo]
100 QueueDestination: physicalName:str
101 TopicDestination: physicalName:str
102 TempQueueDestination: physicalName:str
103 TempTopicDestination: physicalName:str
110 MessageId: textView:str@10 producerId:~ProducerId producerSequenceId:long brokerSequenceId:long
111 LocalTransactionId: value:long connectionId:~ConnectionId
112 XaTransactionId: formatId:int globalTransactionId:octets branchQualifier:octets
120 ConnectionId: value:str
121 SessionId: connectionId:str value:long
122 ConsumerId: connectionId:str sessionId:long value:long
123 ProducerId: connectionId:str value:long sessionId:long
124 BrokerId: value:str

= Destination QueueDestination|TopicDestination|TempQueueDestination|TempTopicDestination
= TransactionId LocalTransactionId|XaTransactionId
= Message PlainMessage|BytesMessage|MapMessage|ObjectMessage|StreamMessage|TextMessage|BlobMessage
`;
