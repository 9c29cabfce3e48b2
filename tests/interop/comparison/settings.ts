// How the brokers are configured to which the scenarios are played.

/** The same configuration of both brokers. */
export interface Setting {
  /** The tables of scenarios; the broker is restarted between them. */
  readonly tables: readonly string[];
  /** The beginnings of the names of its scenarios. */
  readonly prefixes: readonly string[];
  /** Attributes of the root element. */
  readonly attributes: string;
  /** Elements of the configuration that are not listed here. */
  readonly inside: string;
  readonly plugins: string;
  /** Attributes of `systemUsage`. */
  readonly usageFlags: string;
  /** Users and their groups. */
  readonly users: Readonly<Record<string, string>>;
  /** The limits of the storage; undefined for none that a scenario reaches. */
  readonly storage: { readonly storeBytesMax: number; readonly tempBytesMax: number } | undefined;
}

const usual = {
  attributes: '',
  plugins: '',
  usageFlags: '',
  users: { bob: 'admins' },
  storage: undefined,
} as const;

/** The policy of a topic with a limit of pending messages for each consumer. */
function policyOf(topic: string, limit: number, strategy: string, inside = ''): string {
  return `<policyEntry topic="${topic}" advisoryForDiscardingMessages="true">
    <pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="${limit}"/></pendingMessageLimitStrategy>
    <messageEvictionStrategy><${strategy}/></messageEvictionStrategy>${inside}
  </policyEntry>`;
}

const deadLetters =
  '<deadLetterStrategy><sharedDeadLetterStrategy><deadLetterQueue><queue physicalName="evict.dead"/></deadLetterQueue></sharedDeadLetterStrategy></deadLetterStrategy>';

const recovery = (policy: string) =>
  `<subscriptionRecoveryPolicy><${policy}/></subscriptionRecoveryPolicy>`;

/** Only the scenarios about policies use these destinations. */
const standard = `<destinationPolicy><policyMap><policyEntries>
  ${policyOf('evict.oldest', 3, 'oldestMessageEvictionStrategy')}
  ${policyOf('evict.priority', 3, 'oldestMessageWithLowestPriorityEvictionStrategy')}
  ${policyOf('evict.value', 3, 'uniquePropertyMessageEvictionStrategy propertyName="key"')}
  ${policyOf('evict.watermark', 10, 'oldestMessageEvictionStrategy evictExpiredMessagesHighWatermark="2"', deadLetters)}
  <policyEntry topic="policy.last">${recovery('lastImageSubscriptionRecoveryPolicy')}</policyEntry>
  <policyEntry topic="policy.count">${recovery('fixedCountSubscriptionRecoveryPolicy maximumSize="3"')}</policyEntry>
  <policyEntry queue="policy.dead"><deadLetterStrategy>
    <individualDeadLetterStrategy queuePrefix="DEAD." queueSuffix=".END" processNonPersistent="true" processExpired="false"/>
  </deadLetterStrategy></policyEntry>
  <policyEntry topic="policy.durable">${deadLetters.replace('evict.dead', 'policy.shared')}</policyEntry>
</policyEntries></policyMap></destinationPolicy>`;

const inMemory = '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>';

const featurePolicies = `<destinationPolicy><policyMap><policyEntries>
  <policyEntry queue="prioritized" prioritizedMessages="true"/>
  <policyEntry queue="exclusive.all" allConsumersExclusiveByDefault="true"/>
  <policyEntry queue="strict" strictOrderDispatch="true"/>
  <policyEntry queue="started" consumersBeforeDispatchStarts="2" timeBeforeDispatchStarts="60000"/>
  <policyEntry queue="swept" expireMessagesPeriod="500"/>
  <policyEntry queue="gc.>" gcInactiveDestinations="true" inactiveTimeoutBeforeGC="1500"/>
  <policyEntry queue="limited" memoryLimit="8kb">${inMemory}</policyEntry>
  <policyEntry queue="advised" advisoryForDelivery="true" advisoryForConsumed="true"/>
  <policyEntry queue="dead.discarded"><deadLetterStrategy><discarding/></deadLetterStrategy></policyEntry>
  <policyEntry queue="dead.individual"><deadLetterStrategy><individualDeadLetterStrategy/></deadLetterStrategy></policyEntry>
  <policyEntry queue="dead.shared">${deadLetters.replace('evict.dead', 'dead.letters')}</policyEntry>
  <policyEntry topic="recover.timed">${recovery('timedSubscriptionRecoveryPolicy recoverDuration="2000"')}</policyEntry>
  <policyEntry topic="recover.size">${recovery('fixedSizedSubscriptionRecoveryPolicy maximumSize="16000"')}</policyEntry>
  <policyEntry topic="recover.none">${recovery('noSubscriptionRecoveryPolicy')}</policyEntry>
  <policyEntry topic="recover.retained.count"><subscriptionRecoveryPolicy>
    <retainedMessageSubscriptionRecoveryPolicy><wrapped>
      <fixedCountSubscriptionRecoveryPolicy maximumSize="2"/>
    </wrapped></retainedMessageSubscriptionRecoveryPolicy>
  </subscriptionRecoveryPolicy></policyEntry>
  <policyEntry topic="recover.always" alwaysRetroactive="true">${recovery('fixedCountSubscriptionRecoveryPolicy maximumSize="2"')}</policyEntry>
  <policyEntry topic="advised" sendAdvisoryIfNoConsumers="true"/>
</policyEntries></policyMap></destinationPolicy>`;

const interceptors = `<destinationInterceptors>
  <virtualDestinationInterceptor><virtualDestinations>
    <compositeQueue name="virtual.cq" forwardOnly="false"><forwardTo>
      <queue physicalName="virtual.cq.all"/><topic physicalName="virtual.cq.topic"/>
      <filteredDestination selector="n &gt; 2" queue="virtual.cq.some"/>
    </forwardTo></compositeQueue>
    <compositeQueue name="virtual.only"><forwardTo>
      <queue physicalName="virtual.only.target"/>
    </forwardTo></compositeQueue>
    <compositeQueue name="virtual.unmatched" sendWhenNotMatched="true"><forwardTo>
      <filteredDestination selector="n = 1" queue="virtual.unmatched.target"/>
    </forwardTo></compositeQueue>
    <compositeTopic name="virtual.ct"><forwardTo>
      <queue physicalName="virtual.ct.queue"/>
      <filteredDestination selector="n = 1" topic="virtual.ct.some"/>
    </forwardTo></compositeTopic>
    <virtualTopic name="plain.>" prefix="*.VT."/>
    <virtualTopic name="aware.>" prefix="S." selectorAware="true"/>
  </virtualDestinations></virtualDestinationInterceptor>
</destinationInterceptors>`;

const again =
  'maximumRedeliveries="2" initialRedeliveryDelay="1000" redeliveryDelay="1000" queue="again"';

const featurePlugins = `
  <redeliveryPlugin fallbackToDeadLetter="true" sendToDlqIfMaxRetriesExceeded="true">
    <redeliveryPolicyMap><redeliveryPolicyMap>
      <redeliveryPolicyEntries><redeliveryPolicy ${again}/></redeliveryPolicyEntries>
    </redeliveryPolicyMap></redeliveryPolicyMap>
  </redeliveryPlugin>
  <discardingDLQBrokerPlugin dropAll="false" dropOnly="discarded[.].*"/>
  <statisticsBrokerPlugin/>`;

const rights = (where: string, groups: string) =>
  `<authorizationEntry ${where} read="${groups}" write="${groups}" admin="${groups}"/>`;

const rightsPlugins = `<authorizationPlugin><map><authorizationMap>
  <authorizationEntries>
    ${rights('queue=">"', 'admins')}
    ${rights('topic=">"', 'admins')}
    ${rights('queue="own.>"', 'few,admins')}
    ${rights('topic="own.>"', 'few,admins')}
    ${rights('topic="VirtualTopic.own"', 'few,admins')}
    ${rights('topic="ActiveMQ.Advisory.>"', 'few,many,admins')}
    <authorizationEntry queue="readonly" read="few" write="admins" admin="admins"/>
    <authorizationEntry queue="writeonly" read="admins" write="few" admin="admins"/>
    <authorizationEntry queue="noadmin.>" read="few" write="few" admin="admins"/>
    <authorizationEntry topic="noadmin.>" read="few" write="few" admin="admins"/>
  </authorizationEntries>
  <tempDestinationAuthorizationEntry><tempDestinationAuthorizationEntry
    read="many,admins" write="many,admins" admin="many,admins"/></tempDestinationAuthorizationEntry>
</authorizationMap></map></authorizationPlugin>
<statisticsBrokerPlugin/>`;

/** All settings. */
export const settings: readonly Setting[] = [
  {
    ...usual,
    tables: ['standard'],
    prefixes: [
      ...['message-', 'consumer-', 'destination-', 'error-', 'stomp-', 'evict-', 'policy-'],
      ...['failover-', 'scheduler-'],
    ],
    inside: standard,
  },
  {
    ...usual,
    tables: ['features'],
    prefixes: ['feature-', 'virtual-'],
    attributes: 'schedulePeriodForDestinationPurge="500"',
    inside: `${interceptors}${featurePolicies}`,
    plugins: featurePlugins,
  },
  { ...usual, tables: ['before', 'after'], prefixes: ['restart-'], inside: '' },
  {
    ...usual,
    tables: ['limits'],
    prefixes: ['limit-', 'mirrored-'],
    inside: `<destinationInterceptors>
      <mirroredQueue copyMessage="true" prefix="Mirror." postfix=".end"/>
    </destinationInterceptors>
    <destinationPolicy><policyMap><policyEntries>
      <policyEntry queue="limited" memoryLimit="8kb">${inMemory}</policyEntry>
      <policyEntry queue="filled.transient" memoryLimit="1mb"/>
    </policyEntries></policyMap></destinationPolicy>`,
    usageFlags: 'sendFailIfNoSpace="true"',
    storage: { storeBytesMax: 20_000_000, tempBytesMax: 10_000_000 },
  },
  {
    ...usual,
    tables: ['rights'],
    prefixes: ['rights-'],
    inside: `<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>
      <virtualTopic name="VirtualTopic.>" prefix="Consumer.*."/>
      <compositeQueue name="own.forward"><forwardTo>
        <queue physicalName="other.forwarded"/>
      </forwardTo></compositeQueue>
    </virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>`,
    plugins: rightsPlugins,
    users: { bob: 'admins', alice: 'few', carol: 'many' },
  },
];
