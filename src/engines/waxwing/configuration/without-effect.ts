// Settings that are accepted and have no effect.

import type { ConfigurationElement, Warn } from './elements.ts';

/**
 * The attributes of each element that have an effect, or that need none, because this engine always
 * does what they are for. An element that is not listed has no effect with all of its contents.
 */
const effective: Readonly<Record<string, string>> = {
  broker: `advisorySupport cacheTempDestinations dedicatedTaskRunner deleteAllMessagesOnStartup
    enableMessageExpirationOnActiveDurableSubs keepDurableSubsActive maxPurgedDestinationsPerSweep
    maxSchedulerRepeatAllowed monitorConnectionSplits offlineDurableSubscriberTaskSchedule
    offlineDurableSubscriberTimeout persistenceThreadPriority persistent populateJMSXUserID
    rejectDurableConsumers rollbackOnlyOnAsyncException schedulePeriodForDestinationPurge
    schedulerSupport start taskRunnerPriority timeBeforePurgeTempDestinations
    useAuthenticatedPrincipalForJMSXUserID
    useMirroredQueues useVirtualTopics xmlns`,
  destinationPolicy: '',
  policyMap: '',
  policyEntries: '',
  defaultEntry: '',
  policyEntry: `queue topic tempQueue tempTopic advisoryForConsumed advisoryForDelivery
    advisoryForDiscardingMessages advisoryForFastProducers advisoryForSlowConsumers advisoryWhenFull
    allConsumersExclusiveByDefault alwaysRetroactive blockedProducerWarningInterval
    includeBodyForAdvisory memoryLimit minimumMessageSize producerFlowControl
    sendAdvisoryIfNoConsumers sendFailIfNoSpace sendFailIfNoSpaceAfterTimeout
    consumersBeforeDispatchStarts cursorMemoryHighWaterMark doOptimzeMessageStorage durableTopicPrefetch expireMessagesPeriod
    gcInactiveDestinations inactiveTimeoutBeforeGC inactiveTimoutBeforeGC lazyDispatch
    maxBrowsePageSize maxExpirePageSize maxPageSize maxQueueAuditDepth messageGroupMapFactoryType
    optimizeMessageStoreInFlightLimit optimizedDispatch persistJMSRedelivered prioritizedMessages
    queueBrowserPrefetch
    queuePrefetch reduceMemoryFootprint topicPrefetch strictOrderDispatch timeBeforeDispatchStarts useCache
    useConsumerPriority useTopicSubscriptionInflightStats`,
  deadLetterStrategy: '',
  discarding: 'processExpired processNonPersistent expiration',
  individualDeadLetterStrategy: `processExpired processNonPersistent expiration queuePrefix
    queueSuffix topicPrefix topicSuffix destinationPerDurableSubscriber useQueueForQueueMessages
    useQueueForTopicMessages`,
  sharedDeadLetterStrategy: 'processExpired processNonPersistent expiration',
  deadLetterQueue: '',
  queue: 'physicalName',
  topic: 'physicalName',
  tempQueue: 'physicalName',
  tempTopic: 'physicalName',
  dispatchPolicy: '',
  roundRobinDispatchPolicy: '',
  simpleDispatchPolicy: '',
  strictOrderDispatchPolicy: '',
  systemUsage: 'sendFailIfNoSpace sendFailIfNoSpaceAfterTimeout',
  memoryUsage: 'percentOfJvmHeap',
  slowConsumerStrategy: '',
  abortSlowConsumerStrategy:
    'abortConnection checkPeriod ignoreNetworkConsumers maxSlowCount maxSlowDuration',
  abortSlowAckConsumerStrategy: `abortConnection checkPeriod ignoreIdleConsumers
    ignoreNetworkConsumers maxSlowCount maxSlowDuration maxTimeSinceLastAck`,
  messageGroupMapFactory: '',
  cachedMessageGroupMapFactory: 'cacheSize',
  messageGroupHashBucketFactory: 'bucketCount cacheSize',
  simpleMessageGroupMapFactory: '',
  pendingMessageLimitStrategy: '',
  constantPendingMessageLimitStrategy: 'limit',
  prefetchRatePendingMessageLimitStrategy: 'multiplier',
  messageEvictionStrategy: '',
  oldestMessageEvictionStrategy: 'evictExpiredMessagesHighWatermark',
  oldestMessageWithLowestPriorityEvictionStrategy: 'evictExpiredMessagesHighWatermark',
  uniquePropertyMessageEvictionStrategy: 'evictExpiredMessagesHighWatermark propertyName',
  pendingQueuePolicy: '',
  pendingSubscriberPolicy: '',
  pendingDurableSubscriberPolicy: '',
  vmQueueCursor: 'immediatePriorityDispatch useCache',
  vmCursor: 'immediatePriorityDispatch useCache',
  vmDurableCursor: 'immediatePriorityDispatch useCache',
  storeCursor: 'immediatePriorityDispatch useCache',
  fileQueueCursor: 'immediatePriorityDispatch useCache',
  fileCursor: 'immediatePriorityDispatch useCache',
  storeDurableSubscriberCursor: 'immediatePriorityDispatch useCache',
  fileDurableSubscriberCursor: 'immediatePriorityDispatch useCache',
  subscriptionRecoveryPolicy: '',
  wrapped: '',
  fixedCountSubscriptionRecoveryPolicy: 'maximumSize',
  fixedSizedSubscriptionRecoveryPolicy: 'maximumSize useSharedBuffer',
  lastImageSubscriptionRecoveryPolicy: '',
  noSubscriptionRecoveryPolicy: '',
  queryBasedSubscriptionRecoveryPolicy: '',
  retainedMessageSubscriptionRecoveryPolicy: '',
  timedSubscriptionRecoveryPolicy: 'recoverDuration',
  destinationInterceptors: '',
  mirroredQueue: 'copyMessage prefix postfix',
  virtualDestinationInterceptor: '',
  virtualDestinations: '',
  virtualTopic: `name prefix postfix concurrentSend transactedSend local setOriginalDestination
    selectorAware`,
  compositeQueue: 'name forwardOnly copyMessage sendWhenNotMatched concurrentSend',
  compositeTopic: 'name forwardOnly copyMessage sendWhenNotMatched concurrentSend',
  forwardTo: '',
  filteredDestination: 'queue topic selector',
  destinations: '',
  plugins: '',
  authorizationPlugin: '',
  map: '',
  authorizationMap: '',
  cachedLDAPAuthorizationMap: `queueSearchBase topicSearchBase tempSearchBase legacyGroupMapping
    refreshInterval`,
  authorizationEntries: '',
  authorizationEntry: 'queue topic tempQueue tempTopic read write admin',
  tempDestinationAuthorizationEntry: 'queue topic tempQueue tempTopic read write admin',
  discardingDLQBrokerPlugin:
    'dropAll dropTemporaryQueues dropTemporaryTopics dropOnly reportInterval',
  forcePersistencyModeBrokerPlugin: 'persistenceFlag',
  redeliveryPlugin: 'fallbackToDeadLetter sendToDlqIfMaxRetriesExceeded',
  redeliveryPolicyMap: '',
  redeliveryPolicyEntries: '',
  redeliveryPolicy: `queue topic tempQueue tempTopic useCollisionAvoidance useExponentialBackOff
    backOffMultiplier collisionAvoidancePercent maximumRedeliveries initialRedeliveryDelay
    maximumRedeliveryDelay preDispatchCheck redeliveryDelay`,
  statisticsBrokerPlugin: '',
  timeStampingBrokerPlugin: 'futureOnly processNetworkMessages ttlCeiling zeroExpirationOverride',
  persistenceAdapter: '',
  kahaDB: `checkpointInterval cleanupOnStop concurrentStoreAndDispatchQueues indexWriteBatchSize
    preallocationStrategy`,
  transportConnectors: '',
  transportConnector: `name rebalanceClusterClients updateClusterClients
    updateClusterClientsOnRemove`,
};

const attributes = new Map(
  Object.entries(effective).map(([name, list]) => [name, new Set(list.split(/\s+/))]),
);

/** Warns of the settings of an element and its children that have no effect. */
export function warnOfOthers(element: ConfigurationElement, warn: Warn): void {
  for (const child of element.children()) {
    const known = attributes.get(child.name);
    if (known === undefined) warn(`${child.name} has no effect`);
    else {
      for (const name of child.attributeNames) {
        if (!known.has(name)) warn(`${child.name} ${name} has no effect`);
      }
      warnOfOthers(child, warn);
    }
  }
}

/** Warns of the attributes of the root element that have no effect. */
export function warnOfRoot(broker: ConfigurationElement, warn: Warn): void {
  for (const name of broker.attributeNames) {
    if (attributes.get('broker')?.has(name) !== true) warn(`broker ${name} has no effect`);
  }
}
