import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultConfiguration,
  defaultConfiguredPolicy,
} from '../../../broker/activemq/configuration.ts';
import {
  defaultEviction,
  defaultStrategy,
} from '../../../broker/activemq/policies/destination-policy.ts';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { defaultText } from '../../../control/configurations/default-texts.ts';
import type { BrokerSpec } from '../../../control/engine.ts';
import { readConfiguration } from './read-configuration.ts';

const users = [
  { username: 'bob', passwordHash: 'x', groups: ['staff'] },
  { username: 'eve', passwordHash: 'x' },
];

function read(inside: string, attributes = '') {
  const text = `<broker xmlns="${brokerNamespace}"${attributes}>${inside}</broker>`;
  return readConfiguration({ configuration: { id: 'c-1', revision: 2, text }, users });
}

function readMap(inside: string) {
  const { configuration, warnings } = read(
    `<plugins><authorizationPlugin>${inside}</authorizationPlugin></plugins>`,
  );
  return { ...configuration.authorisation, warnings };
}

test('a configuration without an authorizationPlugin restricts nothing', () => {
  assert.equal(
    readConfiguration({ configuration: null, users }).configuration.authorisation,
    undefined,
  );
  const comment = '<!-- <plugins><authorizationPlugin/></plugins> -->';
  assert.deepEqual(read(comment), { configuration: defaultConfiguration, warnings: [] });
  assert.equal(
    read('<plugins><statisticsBrokerPlugin/></plugins>').configuration.authorisation,
    undefined,
  );
});

test('an authorization map is read with entries, default, temporary destinations and groups', () => {
  const {
    entries,
    temporary,
    users: groups,
    warnings,
  } = readMap(
    `<map><authorizationMap>
      <authorizationEntries>
        <authorizationEntry queue="A.&gt;" read=" staff , admins," write="staff" admin="admins"/>
        <!-- <authorizationEntry queue="&gt;" read="*"/> -->
        <authorizationEntry topic="T" queue="Q" read="a&amp;b"/>
        <authorizationEntry tempQueue="x" read="*"/>
        <tempDestinationAuthorizationEntry read="staff,a" write="staff" admin="staff"/>
      </authorizationEntries>
      <defaultEntry><authorizationEntry read="auditors"/></defaultEntry>
      <tempDestinationAuthorizationEntry>
        <tempDestinationAuthorizationEntry read="a" write="staff" admin="b"/>
      </tempDestinationAuthorizationEntry>
    </authorizationMap></map>`,
  );
  const none = { read: [], write: [], admin: [] };
  assert.deepEqual(entries, [
    { kind: 'queue', name: 'A.>', read: ['staff', 'admins'], write: ['staff'], admin: ['admins'] },
    { kind: 'queue', name: 'Q', ...none, read: ['a&b'] },
    { kind: 'topic', name: 'T', ...none, read: ['a&b'] },
    { kind: 'queue', name: '>', ...none, read: ['auditors'] },
    { kind: 'topic', name: '>', ...none, read: ['auditors'] },
  ]);
  assert.deepEqual(temporary, { read: ['a'], write: ['staff'], admin: [] });
  assert.deepEqual(groups, [
    ['bob', ['staff']],
    ['eve', []],
  ]);
  assert.deepEqual(warnings, ['an authorizationEntry without queue and topic has no effect']);
});

test('unreadable permissions deny access or abort the start, and are never ignored', () => {
  for (const empty of ['', '<map/>', '<map><authorizationMap/></map>']) {
    assert.deepEqual(readMap(empty).entries, []);
    assert.equal(readMap(empty).users?.length, 2);
  }
  const map = '<map><authorizationMap/></map>';
  for (const inside of [
    '<map><cachedLDAPAuthorizationMap queueSearchBase="ou=a"/></map>',
    map + map,
    `${map}</authorizationPlugin><authorizationPlugin>${map}`,
    `${map}</authorizationPlugin></plugins><plugins><authorizationPlugin>${map}`,
  ]) {
    assert.throws(() => readMap(inside), { code: 'configuration-unsupported' });
  }
});

test('directory permissions deny everything until they are loaded', () => {
  const ldap = {} as NonNullable<BrokerSpec['ldap']>;
  const readFrom = (attributes: string, more = '') => {
    const map = `<map><cachedLDAPAuthorizationMap ${attributes}/>${more}</map>`;
    const plugins = `<plugins><authorizationPlugin>${map}</authorizationPlugin></plugins>`;
    const text = `<broker xmlns="${brokerNamespace}">${plugins}</broker>`;
    const configuration = { id: 'c-1', revision: 2, text };
    return readConfiguration({ configuration, users: [], ldap });
  };
  const { configuration, warnings } = readFrom('queueSearchBase="ou=Q" tempSearchBase="ou=T"');
  const nothing = { read: [], write: [], admin: [] };
  assert.deepEqual(configuration.authorisation, { entries: [], temporary: nothing, users: [] });
  const found = { queues: 'ou=Q', topics: undefined, temporary: 'ou=T' };
  assert.deepEqual(configuration.directoryRights, { ...found, isLegacy: true, refreshMs: 60_000 });
  assert.deepEqual(warnings, []);
  const own = readFrom(
    'topicSearchBase="ou=T" legacyGroupMapping="false" refreshInterval="300000"',
  );
  assert.deepEqual(own.configuration.directoryRights, {
    queues: undefined,
    topics: 'ou=T',
    temporary: undefined,
    isLegacy: false,
    refreshMs: 300_000,
  });
  assert.equal(readFrom('refreshInterval="1"').configuration.directoryRights?.refreshMs, 10_000);
  assert.throws(() => readFrom('', '<authorizationMap/>'), { code: 'configuration-unsupported' });
});

function policyOf(attributes: string, inside = '') {
  const entry = `<policyEntry queue="Q" ${attributes}>${inside}</policyEntry>`;
  const { configuration, warnings } = read(
    `<destinationPolicy><policyMap><policyEntries>${entry}</policyEntries></policyMap></destinationPolicy>`,
  );
  const [found] = configuration.policies;
  assert.deepEqual(found?.of, { kind: 'queue', name: 'Q' });
  return { ...found?.policy, warnings };
}

const plain = { ...defaultConfiguredPolicy, warnings: [] };
const noAdvisories = defaultConfiguredPolicy.advisories;

test('policyEntry attributes are read, and extreme numbers are clamped', () => {
  const rows: [attributes: string, found: object][] = [
    ['', {}],
    [
      'queuePrefetch="5" topicPrefetch="6" durableTopicPrefetch="7"',
      { queuePrefetch: 5, topicPrefetch: 6, durableTopicPrefetch: 7 },
    ],
    ['queuePrefetch="0"', { queuePrefetch: 1 }],
    ['queuePrefetch="-99999999999999999999"', { queuePrefetch: 1 }],
    ['queuePrefetch="99999999999999999999"', { queuePrefetch: 1_000_000 }],
    ['queuePrefetch="x"', {}],
    ['maxPageSize="500"', { passedCountMax: 500 }],
    ['maxPageSize="0"', { passedCountMax: 1 }],
    ['maxPageSize="1000000"', { passedCountMax: 10_000 }],
    ['prioritizedMessages="TRUE"', { isPrioritized: true }],
    [
      'allConsumersExclusiveByDefault="true" useConsumerPriority="false"',
      { isExclusiveByDefault: true, usesConsumerPriority: false },
    ],
    ['gcInactiveDestinations="true"', { inactiveMsMax: 60_000 }],
    ['gcInactiveDestinations="true" inactiveTimoutBeforeGC="5"', { inactiveMsMax: 5 }],
    [
      'gcInactiveDestinations="true" inactiveTimeoutBeforeGC="7" inactiveTimoutBeforeGC="5"',
      { inactiveMsMax: 7 },
    ],
    ['inactiveTimeoutBeforeGC="7"', {}],
    ['memoryLimit="1mb"', { memoryBytesMax: 1024 * 1024 }],
    ['memoryLimit="64 KB" minimumMessageSize="9"', { memoryBytesMax: 65_536, messageBytesMin: 9 }],
    ['memoryLimit="0"', {}],
    ['memoryLimit="-1"', {}],
    ['memoryLimit="999999999999999g"', { memoryBytesMax: Number.MAX_SAFE_INTEGER }],
    [
      'producerFlowControl="false" blockedProducerWarningInterval="5"',
      { hasFlowControl: false, blockedWarningMs: 5 },
    ],
    ['sendFailIfNoSpace="true"', { refusesSendsAfterMs: 0 }],
    ['sendFailIfNoSpace="false"', { refusesSendsAfterMs: -1 }],
    ['sendFailIfNoSpaceAfterTimeout="7"', { refusesSendsAfterMs: 7 }],
    ['maxAuditDepth="5"', { warnings: ['policyEntry maxAuditDepth has no effect'] }],
    [
      'advisoryForConsumed="true" advisoryForDelivery="true" advisoryForDiscardingMessages="true"',
      { advisories: { ...noAdvisories, ofConsumed: true, ofDelivered: true, ofDiscarded: true } },
    ],
    [
      'advisoryForSlowConsumers="true" advisoryForFastProducers="true" advisoryWhenFull="true"',
      {
        advisories: {
          ...noAdvisories,
          ofSlowConsumers: true,
          ofFastProducers: true,
          whenFull: true,
        },
      },
    ],
    [
      'sendAdvisoryIfNoConsumers="true" includeBodyForAdvisory="true"',
      { advisories: { ...noAdvisories, withoutConsumers: true, includeBody: true } },
    ],
  ];
  for (const [attributes, found] of rows) {
    assert.deepEqual(policyOf(attributes), { ...plain, ...found }, attributes);
  }
});

test('policyEntry children are read', () => {
  const letters = (inside: string) =>
    policyOf('', `<deadLetterStrategy>${inside}</deadLetterStrategy>`);
  assert.deepEqual(letters('<discarding/>').deadLetters, {
    ...defaultStrategy,
    kind: 'discarding',
  });
  const shared =
    '<sharedDeadLetterStrategy processExpired="false" processNonPersistent="true" expiration="9">' +
    '<deadLetterQueue><queue physicalName="DEAD"/></deadLetterQueue></sharedDeadLetterStrategy>';
  const others = { takesExpired: false, takesNonPersistent: true, expirationMs: 9 };
  assert.deepEqual(letters(shared).deadLetters, {
    ...defaultStrategy,
    target: { kind: 'queue', name: 'DEAD' },
    ...others,
  });
  const individual =
    '<individualDeadLetterStrategy queuePrefix="" topicSuffix=".dlq" useQueueForTopicMessages="false"/>';
  assert.deepEqual(letters(individual).deadLetters, {
    ...defaultStrategy,
    kind: 'individual',
    queuePrefix: '',
    topicSuffix: '.dlq',
    usesQueueForTopics: false,
  });
  const toTopic = shared.replace('<queue ', '<topic ');
  assert.deepEqual(letters(toTopic).deadLetters?.target, { kind: 'topic', name: 'DEAD' });
  const toTemporary = shared.replace('<queue ', '<tempQueue ');
  assert.deepEqual(letters(toTemporary).deadLetters?.target, defaultStrategy.target);
  const recovery = (inside: string) =>
    policyOf('', `<subscriptionRecoveryPolicy>${inside}</subscriptionRecoveryPolicy>`).recovery;
  assert.equal(recovery('<lastImageSubscriptionRecoveryPolicy/>')?.countMax, 1);
  const counted = '<fixedCountSubscriptionRecoveryPolicy maximumSize="4"/>';
  assert.equal(recovery(counted)?.countMax, 4);
  const wrapped = `<retainedMessageSubscriptionRecoveryPolicy><wrapped>${counted}</wrapped></retainedMessageSubscriptionRecoveryPolicy>`;
  assert.deepEqual(recovery(wrapped), recovery(counted));
  assert.equal(recovery('<noSubscriptionRecoveryPolicy/>'), undefined);
  const limit = (inside: string) =>
    policyOf('', `<pendingMessageLimitStrategy>${inside}</pendingMessageLimitStrategy>`)
      .pendingLimit;
  const constant = (count: string) => `<constantPendingMessageLimitStrategy limit="${count}"/>`;
  assert.deepEqual(limit(constant('10')), { countMax: 10, prefetchFactor: undefined });
  assert.equal(limit(constant('-1')), undefined);
  const rate = '<prefetchRatePendingMessageLimitStrategy multiplier="2.5"/>';
  assert.equal(limit(rate)?.prefetchFactor, 2.5);
  const eviction = (inside: string) =>
    policyOf('', `<messageEvictionStrategy>${inside}</messageEvictionStrategy>`).eviction;
  assert.deepEqual(policyOf('', '').eviction, defaultEviction);
  const watermark = 'evictExpiredMessagesHighWatermark="7"';
  assert.deepEqual(eviction(`<oldestMessageEvictionStrategy ${watermark}/>`), {
    ...defaultEviction,
    expiredFromCount: 7,
  });
  const lowest = `<oldestMessageWithLowestPriorityEvictionStrategy ${watermark}/>`;
  assert.deepEqual(eviction(lowest), {
    kind: 'lowest-priority',
    expiredFromCount: 7,
    propertyName: '',
  });
  const unique = '<uniquePropertyMessageEvictionStrategy propertyName="k"/>';
  assert.deepEqual(eviction(unique), {
    kind: 'older-values',
    expiredFromCount: 1000,
    propertyName: 'k',
  });
  assert.deepEqual(eviction('<uniquePropertyMessageEvictionStrategy/>'), defaultEviction);
});

test('broker plugins, interceptors and attributes are read', () => {
  const { configuration, warnings } = read(
    `<plugins>
       <timeStampingBrokerPlugin zeroExpirationOverride="5" ttlCeiling="6" futureOnly="true"/>
       <forcePersistencyModeBrokerPlugin persistenceFlag="true"/>
       <statisticsBrokerPlugin/>
       <discardingDLQBrokerPlugin dropOnly="A.* B+ [" dropTemporaryQueues="false"/>
       <redeliveryPlugin fallbackToDeadLetter="false"><redeliveryPolicyMap><redeliveryPolicyMap>
         <redeliveryPolicyEntries><redeliveryPolicy queue="R.&gt;" maximumRedeliveries="-1" redeliveryDelay="1"/></redeliveryPolicyEntries>
         <defaultEntry><redeliveryPolicy maximumRedeliveries="2"/></defaultEntry>
       </redeliveryPolicyMap></redeliveryPolicyMap></redeliveryPlugin>
     </plugins>
     <destinationInterceptors>
       <mirroredQueue prefix="m."/>
       <virtualDestinationInterceptor><virtualDestinations>
         <virtualTopic name="orders.&gt;" prefix="in.*." selectorAware="true"/>
         <compositeQueue name="C" forwardOnly="false"><forwardTo>
           <queue physicalName="A"/><topic physicalName="T"/><queue physicalName="W.*"/><queue physicalName="amq.x"/>
           <filteredDestination queue="F" selector="n &gt; 3"/><filteredDestination queue="F" selector="n &gt;"/>
         </forwardTo></compositeQueue>
         <compositeTopic name="D" forwardOnly="false" sendWhenNotMatched="true"><forwardTo>
           <queue physicalName="A"/>
         </forwardTo></compositeTopic>
       </virtualDestinations></virtualDestinationInterceptor>
     </destinationInterceptors>
     <destinations><queue physicalName="S"/><topic physicalName="T"/><queue physicalName="amq.y"/></destinations>`,
    ' schedulePeriodForDestinationPurge="10000" schedulerSupport="false"' +
      ' populateJMSXUserID="true" advisorySupport="false" rejectDurableConsumers="true"',
  );
  assert.deepEqual(configuration.timeStamping, {
    ttlMsDefault: 5,
    ttlMsMax: 6,
    isFutureOnly: true,
  });
  assert.equal(configuration.forcedPersistence, true);
  assert.equal(configuration.hasStatistics, true);
  assert.deepEqual(configuration.discarded, {
    areAll: false,
    areOfTemporaryQueues: false,
    areOfTemporaryTopics: true,
    names: ['^(?:A.*)$', '^(?:B+)$'],
  });
  const { redelivery } = configuration;
  assert.equal(redelivery?.fallsBackToDeadLetter, false);
  assert.deepEqual(redelivery?.entries[0]?.of, { kind: 'queue', name: 'R.>' });
  assert.equal(redelivery?.entries[0]?.policy.maximumRedeliveries, -1);
  assert.equal(redelivery?.entries[0]?.policy.redeliveryDelay, 1000);
  assert.equal(redelivery?.defaultEntry?.maximumRedeliveries, 2);
  assert.deepEqual(configuration.virtualTopics, [
    { name: 'orders.>', prefix: 'in.*.', postfix: '', isSelectorAware: true },
  ]);
  assert.deepEqual(configuration.composites, [
    {
      of: { kind: 'queue', name: 'C' },
      keeps: 'all',
      targets: [
        { address: { kind: 'queue', name: 'A' }, selector: undefined },
        { address: { kind: 'topic', name: 'T' }, selector: undefined },
        { address: { kind: 'queue', name: 'F' }, selector: 'n > 3' },
      ],
    },
    {
      of: { kind: 'topic', name: 'D' },
      keeps: 'unmatched',
      targets: [{ address: { kind: 'queue', name: 'A' }, selector: undefined }],
    },
  ]);
  assert.deepEqual(configuration.mirror, { prefix: 'm.', postfix: '' });
  assert.deepEqual(configuration.queues, ['S']);
  assert.equal(configuration.sweepMs, 10_000);
  assert.equal(configuration.hasScheduler, false);
  assert.equal(configuration.hasAdvisories, false);
  assert.equal(configuration.populatesUserId, true);
  assert.equal(configuration.rejectsDurableConsumers, true);
  assert.equal(warnings.filter((text) => text.includes('forwardTo')).length, 1);
  assert.ok(warnings.some((text) => text.includes('dropOnly')));
  assert.ok(warnings.some((text) => text.includes('filteredDestination')));
  // Infinite numbers would be null in the start message.
  assert.ok(!JSON.stringify(configuration).includes('null'));
});

test('virtual topics and persistence can be disabled', () => {
  const off = read('', ' useVirtualTopics="false" persistent="false"').configuration;
  assert.deepEqual(off.virtualTopics, []);
  assert.equal(off.forcedPersistence, false);
});

test('sendFailIfNoSpace, dispatch start and offline subscriber timeouts are read', () => {
  const usage = (attributes: string) =>
    read(`<systemUsage><systemUsage ${attributes}/></systemUsage>`).configuration;
  assert.equal(usage('').refusesSendsAfterMs, undefined);
  assert.equal(usage('sendFailIfNoSpace="true"').refusesSendsAfterMs, 0);
  assert.equal(usage('sendFailIfNoSpaceAfterTimeout="3000"').refusesSendsAfterMs, 3000);
  const offline = read('', ' offlineDurableSubscriberTimeout="5000"').configuration;
  assert.deepEqual([offline.offlineMsMax, offline.offlineSweepMs], [5000, 300_000]);
  assert.equal(usage('').offlineMsMax, undefined);
  const policy = (attributes: string, children = '') =>
    read(
      `<destinationPolicy><policyMap><policyEntries><policyEntry queue="q" ${attributes}>` +
        `${children}</policyEntry></policyEntries></policyMap></destinationPolicy>`,
    ).configuration.policies[0]?.policy;
  const waiting = 'consumersBeforeDispatchStarts="3" timeBeforeDispatchStarts="1000"';
  assert.deepEqual(policy(waiting)?.start, { consumerCount: 3, waitMs: 1000 });
  assert.equal(policy('')?.start, undefined);
  assert.equal(policy('strictOrderDispatch="true"')?.isStrictOrder, true);
  const strict = '<dispatchPolicy><strictOrderDispatchPolicy/></dispatchPolicy>';
  assert.equal(policy('', strict)?.isStrictOrder, true);
  assert.equal(policy('')?.isStrictOrder, false);
});

test('settings without an effect are listed once, and at most twenty of them', () => {
  const { warnings } = read(
    '<networkConnectors><networkConnector uri="static:(ssl://a)"/></networkConnectors>' +
      '<systemUsage><systemUsage><memoryUsage><memoryUsage/></memoryUsage></systemUsage></systemUsage><systemUsage/><persistenceAdapter><kahaDB journalDiskSyncStrategy="never"/></persistenceAdapter>',
    ' deleteAllMessagesOnStartup="true"',
  );
  assert.deepEqual(warnings, [
    'broker deleteAllMessagesOnStartup deletes all messages at the first start with this revision of the configuration, and at no later one',
    'networkConnectors has no effect',
    'kahaDB journalDiskSyncStrategy has no effect',
  ]);
  const many = Array.from({ length: 30 }, (_, i) => `<e${i}/>`).join('');
  assert.equal(read(many).warnings.length, 20);
  assert.equal(read(many).warnings.at(-1), '11 more settings have no effect or are limited');
  const denying = `${many}<plugins><authorizationPlugin/></plugins>`;
  assert.match(read(denying).warnings[0] ?? '', /every permission is denied/);
});

test('deleteAllMessagesOnStartup is read with its configuration revision', () => {
  const of = (attribute: string) => read('', attribute).configuration.deletesMessagesFor;
  assert.equal(of(' deleteAllMessagesOnStartup="true"'), 'c-1:2');
  assert.equal(of(' deleteAllMessagesOnStartup="false"'), undefined);
  assert.equal(of(''), undefined);
});

test('settings for slow consumers and in-memory cursors are read', () => {
  const slow = (inside: string) =>
    policyOf('', `<slowConsumerStrategy>${inside}</slowConsumerStrategy>`).slowConsumers;
  const usual = {
    kind: 'slow',
    countMax: undefined,
    slowMsMax: 30_000,
    ackMsMax: 30_000,
    ignoresIdle: true,
    checkMs: 30_000,
    abortsConnection: false,
  };
  assert.deepEqual(slow('<abortSlowConsumerStrategy/>'), usual);
  assert.deepEqual(
    slow('<abortSlowConsumerStrategy maxSlowCount="3" maxSlowDuration="-1" checkPeriod="1"/>'),
    { ...usual, countMax: 3, slowMsMax: undefined, checkMs: 100 },
  );
  assert.deepEqual(
    slow(
      '<abortSlowAckConsumerStrategy maxTimeSinceLastAck="5" ignoreIdleConsumers="false" abortConnection="true"/>',
    ),
    { ...usual, kind: 'slow-ack', ackMsMax: 5, ignoresIdle: false, abortsConnection: true },
  );
  assert.equal(slow(''), undefined);
  const queues = policyOf('', '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>');
  assert.deepEqual([queues.keepsQueueInMemory, queues.warnings], [true, []]);
  const durable =
    '<pendingDurableSubscriberPolicy><vmDurableCursor/></pendingDurableSubscriberPolicy>';
  assert.equal(policyOf('', durable).keepsDurableInMemory, true);
});

test('broker limits are a share of its memory and the storage size of Amazon MQ', () => {
  const memory = (percent: string) =>
    read(
      `<systemUsage><systemUsage><memoryUsage><memoryUsage percentOfJvmHeap="${percent}"/></memoryUsage></systemUsage></systemUsage>`,
    );
  assert.deepEqual(memory('40').warnings, []);
  assert.equal(memory('40').configuration.system.memoryPercentMax, 40);
  assert.equal(memory('99').configuration.system.memoryPercentMax, 70);
  assert.deepEqual(read('').configuration.system, defaultConfiguration.system);
  const gibibyte = 1024 ** 3;
  const size = (hostInstanceType: string) =>
    readConfiguration({ configuration: null, users, hostInstanceType }).configuration.system;
  assert.equal(size('mq.t3.micro').storeBytesMax, 20 * gibibyte);
  assert.equal(size('mq.m5.large').storeBytesMax, 200 * gibibyte);
  assert.equal(size('mq.m5.large').tempBytesMax, 50 * gibibyte);
});

test('the default configuration is applied without warnings', () => {
  const text = defaultText('ACTIVEMQ');
  const { configuration, warnings } = readConfiguration({
    configuration: { id: 'c-1', revision: 1, text },
    users,
  });
  assert.deepEqual(warnings, []);
  assert.equal(configuration.sweepMs, 10_000);
  assert.deepEqual(
    configuration.policies.map(({ of, policy }) => [of.kind, of.name, policy.inactiveMsMax]),
    [
      ['topic', '>', 600_000],
      ['queue', '>', 600_000],
    ],
  );
  assert.equal(configuration.policies[0]?.policy.pendingLimit?.countMax, 1000);
});

test('each name in a list becomes an entry, and invalid names have no effect', () => {
  const long = 'x'.repeat(300);
  const { entries, warnings } = readMap(
    `<map><authorizationMap><authorizationEntries>
      <authorizationEntry queue="A, topic://B" read="g"/>
      <authorizationEntry queue="${long}" read="g"/>
    </authorizationEntries></authorizationMap></map>`,
  );
  assert.deepEqual(
    entries?.map(({ kind, name }) => `${kind} ${name}`),
    ['queue A', 'topic B'],
  );
  assert.ok(warnings.some((each) => each.includes('300 bytes')));
});
