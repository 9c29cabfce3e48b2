// The permitted settings of ActiveMQ configurations.

import {
  anyText,
  destinations,
  flag,
  int,
  long,
  oneOf,
  real,
  size,
  text,
  type ValueRule,
  within,
} from './values.ts';

/*
 * The settings that Amazon MQ permits in ActiveMQ configurations: child elements and attributes of
 * each element.
 */

/** The permitted contents of an element. */
export interface ElementRule {
  readonly attributes: ReadonlyMap<string, ValueRule>;
  /** The name of the rule of each permitted child, by element name. */
  readonly children: ReadonlyMap<string, string>;
}

/** Attribute names in one string, by the rule for their values. */
type Attributes = readonly (readonly [rule: ValueRule, names: string])[];

/**
 * @param children element names; `name=rule` if elements with the same name differ by their parent
 */
function element(attributes: Attributes, children = ''): ElementRule {
  const ofAttributes = attributes.flatMap(([rule, names]) =>
    words(names).map((name) => [name, rule] as const),
  );
  const ofChildren = words(children).map((word) => {
    const [name = '', rule = name] = word.split('=');
    return [name, rule] as const;
  });
  return { attributes: new Map(ofAttributes), children: new Map(ofChildren) };
}

function words(list: string): string[] {
  return list.split(/\s+/).filter((word) => word !== '');
}

const destination = element([
  [destinations, 'physicalName'],
  [flag, 'DLQ'],
]);
const selectors = 'queue topic tempQueue tempTopic';
const deadLetters: Attributes = [
  [flag, 'processExpired processNonPersistent enableAudit'],
  [int, 'maxAuditDepth maxProducersToAudit'],
  [long, 'expiration'],
];
const cursor = element([[flag, 'immediatePriorityDispatch useCache']]);
const entry = element([
  [destinations, selectors],
  [text, 'read write admin'],
]);
const compositeDestination = element(
  [
    [destinations, 'name'],
    [flag, 'forwardOnly copyMessage sendWhenNotMatched concurrentSend'],
  ],
  'forwardTo',
);
const bridged = element([], 'queue=destination topic=destination');
const nothing = element([]);

/** The rule of the root element. */
export const rootRule = 'broker';

/**
 * All rules by name: the element name, unless elements with the same name differ by their parent.
 */
export const elementRules: ReadonlyMap<string, ElementRule> = new Map(
  Object.entries({
    broker: element(
      [
        [
          flag,
          `advisorySupport allowTempAutoCreationOnSend anonymousProducerAdvisorySupport
           cacheTempDestinations dedicatedTaskRunner deleteAllMessagesOnStartup
           enableMessageExpirationOnActiveDurableSubs keepDurableSubsActive
           monitorConnectionSplits networkConnectorStartAsync persistent populateJMSXUserID
           rejectDurableConsumers rollbackOnlyOnAsyncException schedulerSupport
           splitSystemUsageForProducersConsumers start useAuthenticatedPrincipalForJMSXUserID
           useMirroredQueues useTempMirroredQueues useVirtualDestSubs
           useVirtualDestSubsOnCreation useVirtualTopics`,
        ],
        [
          int,
          `consumerSystemUsagePortion maxPurgedDestinationsPerSweep maxSchedulerRepeatAllowed
           persistenceThreadPriority producerSystemUsagePortion schedulePeriodForDestinationPurge
           taskRunnerPriority timeBeforePurgeTempDestinations`,
        ],
        [long, 'offlineDurableSubscriberTaskSchedule offlineDurableSubscriberTimeout'],
      ],
      `destinationInterceptors destinationPolicy destinations networkConnectors
       persistenceAdapter plugins systemUsage=systemUsageBox transportConnectors`,
    ),
    destination,

    destinationPolicy: element([], 'policyMap'),
    policyMap: element([], 'defaultEntry=defaultPolicy policyEntries'),
    defaultPolicy: element([], 'policyEntry'),
    policyEntries: element([], 'policyEntry'),
    policyEntry: element(
      [
        [destinations, selectors],
        [
          flag,
          `advisoryForConsumed advisoryForDelivery advisoryForDiscardingMessages
           advisoryForFastProducers advisoryForSlowConsumers advisoryWhenFull
           allConsumersExclusiveByDefault alwaysRetroactive doOptimzeMessageStorage enableAudit
           gcInactiveDestinations gcWithNetworkConsumers includeBodyForAdvisory lazyDispatch
           optimizedDispatch persistJMSRedelivered prioritizedMessages producerFlowControl
           reduceMemoryFootprint sendAdvisoryIfNoConsumers sendDuplicateFromStoreToDLQ
           sendFailIfNoSpace strictOrderDispatch useCache useConsumerPriority
           usePrefetchExtension useTopicSubscriptionInflightStats`,
        ],
        [
          int,
          `consumersBeforeDispatchStarts cursorMemoryHighWaterMark durableTopicPrefetch
           maxAuditDepth maxBrowsePageSize maxDestinations maxExpirePageSize maxPageSize
           maxProducersToAudit maxQueueAuditDepth optimizeMessageStoreInFlightLimit
           queueBrowserPrefetch queuePrefetch storeUsageHighWaterMark timeBeforeDispatchStarts
           topicPrefetch`,
        ],
        [
          long,
          `blockedProducerWarningInterval expireMessagesPeriod inactiveTimeoutBeforeGC
           inactiveTimoutBeforeGC minimumMessageSize sendFailIfNoSpaceAfterTimeout`,
        ],
        [size, 'memoryLimit'],
        [oneOf('bucket', 'cached', 'simple'), 'messageGroupMapFactoryType'],
      ],
      `deadLetterStrategy destination dispatchPolicy messageEvictionStrategy
       messageGroupMapFactory networkBridgeFilterFactory pendingDurableSubscriberPolicy
       pendingMessageLimitStrategy pendingQueuePolicy pendingSubscriberPolicy
       slowConsumerStrategy subscriptionRecoveryPolicy`,
    ),
    deadLetterStrategy: element(
      [],
      'discarding individualDeadLetterStrategy sharedDeadLetterStrategy',
    ),
    discarding: element(deadLetters),
    individualDeadLetterStrategy: element([
      ...deadLetters,
      [anyText, 'queuePrefix queueSuffix topicPrefix topicSuffix'],
      [flag, 'destinationPerDurableSubscriber useQueueForQueueMessages useQueueForTopicMessages'],
    ]),
    sharedDeadLetterStrategy: element(deadLetters, 'deadLetterQueue'),
    deadLetterQueue: element(
      [],
      'queue=destination topic=destination tempQueue=destination tempTopic=destination',
    ),
    dispatchPolicy: element(
      [],
      `clientIdFilterDispatchPolicy priorityDispatchPolicy priorityNetworkDispatchPolicy
       roundRobinDispatchPolicy simpleDispatchPolicy strictOrderDispatchPolicy`,
    ),
    clientIdFilterDispatchPolicy: element([[text, 'ptpClientId ptpSuffix']]),
    priorityDispatchPolicy: nothing,
    priorityNetworkDispatchPolicy: nothing,
    roundRobinDispatchPolicy: nothing,
    simpleDispatchPolicy: nothing,
    strictOrderDispatchPolicy: nothing,
    messageEvictionStrategy: element(
      [],
      `oldestMessageEvictionStrategy oldestMessageWithLowestPriorityEvictionStrategy
       uniquePropertyMessageEvictionStrategy`,
    ),
    oldestMessageEvictionStrategy: element([[int, 'evictExpiredMessagesHighWatermark']]),
    oldestMessageWithLowestPriorityEvictionStrategy: element([
      [int, 'evictExpiredMessagesHighWatermark'],
    ]),
    uniquePropertyMessageEvictionStrategy: element([
      [int, 'evictExpiredMessagesHighWatermark'],
      [text, 'propertyName'],
    ]),
    messageGroupMapFactory: element(
      [],
      'cachedMessageGroupMapFactory messageGroupHashBucketFactory simpleMessageGroupMapFactory',
    ),
    cachedMessageGroupMapFactory: element([[int, 'cacheSize']]),
    messageGroupHashBucketFactory: element([[int, 'bucketCount cacheSize']]),
    simpleMessageGroupMapFactory: nothing,
    networkBridgeFilterFactory: element([], 'conditionalNetworkBridgeFilterFactory'),
    conditionalNetworkBridgeFilterFactory: element([
      [flag, 'replayWhenNoConsumers'],
      [int, 'rateDuration rateLimit replayDelay'],
    ]),
    pendingDurableSubscriberPolicy: element(
      [],
      'fileDurableSubscriberCursor storeDurableSubscriberCursor vmDurableCursor',
    ),
    pendingQueuePolicy: element([], 'fileQueueCursor storeCursor vmQueueCursor'),
    pendingSubscriberPolicy: element([], 'fileCursor vmCursor'),
    fileCursor: cursor,
    fileDurableSubscriberCursor: cursor,
    fileQueueCursor: cursor,
    storeCursor: cursor,
    storeDurableSubscriberCursor: cursor,
    vmCursor: cursor,
    vmDurableCursor: cursor,
    vmQueueCursor: cursor,
    pendingMessageLimitStrategy: element(
      [],
      'constantPendingMessageLimitStrategy prefetchRatePendingMessageLimitStrategy',
    ),
    constantPendingMessageLimitStrategy: element([[int, 'limit']]),
    prefetchRatePendingMessageLimitStrategy: element([[real, 'multiplier']]),
    slowConsumerStrategy: element([], 'abortSlowAckConsumerStrategy abortSlowConsumerStrategy'),
    abortSlowAckConsumerStrategy: element([
      [flag, 'abortConnection ignoreIdleConsumers ignoreNetworkConsumers'],
      [long, 'checkPeriod maxSlowCount maxSlowDuration maxTimeSinceLastAck'],
    ]),
    abortSlowConsumerStrategy: element([
      [flag, 'abortConnection ignoreNetworkConsumers'],
      [long, 'checkPeriod maxSlowCount maxSlowDuration'],
    ]),
    subscriptionRecoveryPolicy: element(
      [],
      `fixedCountSubscriptionRecoveryPolicy fixedSizedSubscriptionRecoveryPolicy
       lastImageSubscriptionRecoveryPolicy noSubscriptionRecoveryPolicy
       queryBasedSubscriptionRecoveryPolicy retainedMessageSubscriptionRecoveryPolicy
       timedSubscriptionRecoveryPolicy`,
    ),
    fixedCountSubscriptionRecoveryPolicy: element([[int, 'maximumSize']]),
    fixedSizedSubscriptionRecoveryPolicy: element([
      [int, 'maximumSize'],
      [flag, 'useSharedBuffer'],
    ]),
    lastImageSubscriptionRecoveryPolicy: nothing,
    noSubscriptionRecoveryPolicy: nothing,
    queryBasedSubscriptionRecoveryPolicy: nothing,
    retainedMessageSubscriptionRecoveryPolicy: element([], `wrapped=subscriptionRecoveryPolicy`),
    timedSubscriptionRecoveryPolicy: element([[int, 'recoverDuration']]),

    destinationInterceptors: element([], 'mirroredQueue virtualDestinationInterceptor'),
    mirroredQueue: element([
      [flag, 'copyMessage'],
      [anyText, 'prefix postfix'],
    ]),
    virtualDestinationInterceptor: element([], 'virtualDestinations'),
    virtualDestinations: element([], 'compositeQueue compositeTopic virtualTopic'),
    virtualTopic: element([
      [destinations, 'name'],
      [anyText, 'prefix postfix'],
      [
        flag,
        `concurrentSend dropOnResourceLimit local selectorAware setOriginalDestination
         transactedSend`,
      ],
    ]),
    compositeQueue: compositeDestination,
    compositeTopic: compositeDestination,
    forwardTo: element(
      [],
      `filteredDestination queue=destination topic=destination tempQueue=destination
       tempTopic=destination`,
    ),
    filteredDestination: element([
      [destinations, 'queue topic'],
      [text, 'selector'],
    ]),

    destinations: element(
      [],
      'queue=destination topic=destination tempQueue=destination tempTopic=destination',
    ),

    plugins: element(
      [],
      `authorizationPlugin discardingDLQBrokerPlugin forcePersistencyModeBrokerPlugin
       redeliveryPlugin statisticsBrokerPlugin timeStampingBrokerPlugin`,
    ),
    authorizationPlugin: element([], 'map'),
    map: element([], 'authorizationMap cachedLDAPAuthorizationMap'),
    authorizationMap: element(
      [],
      `authorizationEntries defaultEntry=defaultAuthorization
       tempDestinationAuthorizationEntry=temporaryAuthorization`,
    ),
    authorizationEntries: element([], 'authorizationEntry tempDestinationAuthorizationEntry'),
    defaultAuthorization: element([], 'authorizationEntry'),
    temporaryAuthorization: element([], 'tempDestinationAuthorizationEntry'),
    authorizationEntry: entry,
    tempDestinationAuthorizationEntry: entry,
    cachedLDAPAuthorizationMap: element([
      [text, 'queueSearchBase tempSearchBase topicSearchBase'],
      [flag, 'legacyGroupMapping'],
      [int, 'refreshInterval'],
    ]),
    discardingDLQBrokerPlugin: element([
      [flag, 'dropAll dropTemporaryQueues dropTemporaryTopics'],
      [anyText, 'dropOnly'],
      [int, 'reportInterval'],
    ]),
    forcePersistencyModeBrokerPlugin: element([[flag, 'persistenceFlag']]),
    redeliveryPlugin: element(
      [[flag, 'fallbackToDeadLetter sendToDlqIfMaxRetriesExceeded']],
      'redeliveryPolicyMap',
    ),
    redeliveryPolicyMap: element(
      [],
      'redeliveryPolicyMap defaultEntry=redeliveryPolicies redeliveryPolicyEntries=redeliveryPolicies',
    ),
    redeliveryPolicies: element([], 'redeliveryPolicy'),
    redeliveryPolicy: element([
      [destinations, selectors],
      [flag, 'preDispatchCheck useCollisionAvoidance useExponentialBackOff'],
      [real, 'backOffMultiplier'],
      [int, 'collisionAvoidancePercent maximumRedeliveries'],
      [long, 'initialRedeliveryDelay maximumRedeliveryDelay redeliveryDelay'],
    ]),
    statisticsBrokerPlugin: nothing,
    timeStampingBrokerPlugin: element([
      [flag, 'futureOnly processNetworkMessages'],
      [long, 'ttlCeiling zeroExpirationOverride'],
    ]),

    systemUsageBox: element([], 'systemUsage'),
    systemUsage: element(
      [
        [flag, 'sendFailIfNoSpace'],
        [long, 'sendFailIfNoSpaceAfterTimeout'],
      ],
      'memoryUsage=memoryUsageBox',
    ),
    memoryUsageBox: element([], 'memoryUsage'),
    memoryUsage: element([[within(0, 70), 'percentOfJvmHeap']]),

    persistenceAdapter: element([], 'kahaDB'),
    kahaDB: element([
      [flag, 'cleanupOnStop concurrentStoreAndDispatchQueues'],
      [long, 'checkpointInterval journalDiskSyncInterval'],
      [int, 'indexWriteBatchSize'],
      [oneOf('always', 'periodic', 'never'), 'journalDiskSyncStrategy'],
      [oneOf('sparse_file', 'os_kernel_copy', 'zeros'), 'preallocationStrategy'],
    ]),

    transportConnectors: element([], 'transportConnector'),
    transportConnector: element([
      [oneOf('openwire'), 'name'],
      [flag, 'rebalanceClusterClients updateClusterClients updateClusterClientsOnRemove'],
    ]),

    networkConnectors: element([], 'networkConnector'),
    networkConnector: element(
      [
        [text, 'name uri userName destinationFilter brokerName'],
        [
          flag,
          `advisoryForFailedForward alwaysSyncSend bridgeTempDestinations checkDuplicateMessagesOnDuplex
           conduitNetworkQueueSubscriptions conduitSubscriptions decreaseNetworkConsumerPriority
           dispatchAsync duplex dynamicOnly gcDestinationViews staticBridge
           suppressDuplicateQueueSubscriptions suppressDuplicateTopicSubscriptions syncDurableSubs
           useBrokerNameAsIdSees useCompression useVirtualDestSubs`,
        ],
        [
          int,
          `advisoryAckPercentage advisoryPrefetchSize consumerPriorityBase consumerTTL messageTTL
           networkTTL prefetchSize`,
        ],
        [long, 'gcSweepTime'],
      ],
      `durableDestinations=bridged dynamicallyIncludedDestinations=bridged
       excludedDestinations=bridged staticallyIncludedDestinations=bridged`,
    ),
    bridged,
  }),
);
