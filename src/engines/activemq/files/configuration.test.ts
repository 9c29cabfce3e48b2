import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { brokerXml, whyUnusable } from './configuration.ts';
import { javaTls } from './tls.ts';

const parts = {
  brokerName: 'orders',
  host: '127.0.0.1',
  connectors: [{ name: 'openwire+ssl', scheme: 'ssl', port: 61617 }],
  tls: javaTls(false),
  connectionCountMax: 7,
  paths: {
    data: '/v/data',
    store: '/v/store',
    keyStore: '/v/a&b/keys.p12',
    trustStore: '/v/a&b/authorities.p12',
  },
  users: [{ username: 'bridge', password: 'a "long" one', groups: [] }],
  keyStorePassword: 'pass"word',
  statisticsToken: '00ff',
};

const broker = (attributes: string, children: string) =>
  `<?xml version="1.0"?><broker xmlns="${brokerNamespace}" ${attributes}>${children}</broker>`;

test('a broker without a configuration gets the shared store, the log-in and TLS', () => {
  const { xml, withoutEffect } = brokerXml(undefined, parts);
  assert.deepEqual(withoutEffect, []);
  assert.match(xml, /<kahaDB directory="\/v\/store" lockKeepAlivePeriod="2000">\s*<locker>/);
  assert.match(xml, /<jaasAuthenticationPlugin configuration="waxwing"/);
  assert.match(xml, /keyStore="file:\/v\/a&amp;b\/keys.p12"/);
  assert.match(xml, /keyStorePassword="pass&quot;word"/);
  assert.match(
    xml,
    /ssl:\/\/127\.0\.0\.1:61617\?maximumConnections=7&amp;transport\.enabledProtocols=TLSv1\.2,TLSv1\.3&amp;/,
  );
  assert.ok(!/"(?:tcp|nio|stomp|mqtt):/.test(xml));
});

test("the owner's settings reach ActiveMQ unless they would break the pair", () => {
  const text = broker(
    'persistent="false" start="false" schedulerSupport="true"',
    '<persistenceAdapter><kahaDB indexWriteBatchSize="9" directory="/elsewhere"/></persistenceAdapter>' +
      '<plugins><authorizationPlugin/></plugins>' +
      '<systemUsage><systemUsage sendFailIfNoSpace="true"><memoryUsage><memoryUsage percentOfJvmHeap="40"/></memoryUsage></systemUsage></systemUsage>' +
      '<transportConnectors><transportConnector name="openwire" uri="tcp://0.0.0.0:1"/></transportConnectors>' +
      '<destinationPolicy><policyMap><policyEntries><policyEntry queue="a&gt;"/></policyEntries></policyMap></destinationPolicy>',
  );
  const { xml, withoutEffect } = brokerXml(text, parts);
  assert.deepEqual(withoutEffect, ['persistent', 'start', 'transportConnectors']);
  assert.match(xml, /<broker schedulerSupport="true"[^>]* persistent="true"/);
  assert.match(xml, /<kahaDB indexWriteBatchSize="9" directory="\/v\/store"/);
  assert.match(xml, /<jaasAuthenticationPlugin[^>]*><?[\s\S]*<authorizationPlugin/);
  assert.match(xml, /<policyEntry queue="a&gt;"/);
  assert.match(xml, /sendFailIfNoSpace="true"/);
  assert.match(xml, /percentOfJvmHeap="40"/);
  assert.ok(!xml.includes('percentOfJvmHeap="70"') && xml.includes('<storeUsage'));
  for (const removed of ['elsewhere', 'tcp:']) assert.ok(!xml.includes(removed), removed);
});

const network = (attributes: string, inside = '') =>
  broker(
    '',
    `<networkConnectors><networkConnector ${attributes}>${inside}</networkConnector></networkConnectors>`,
  );

test('a connector to another broker gets the password of its user', () => {
  for (const uri of [
    'static:(ssl://other:61617)',
    'masterslave:(ssl://a.example.com:61617,ssl://b.example.com:61617)',
    'static:(ssl://[::1]:61617)',
  ]) {
    const inside = '<excludedDestinations><queue physicalName="a&gt;"/></excludedDestinations>';
    const text = network(`name="n" duplex="true" userName="bridge" uri="${uri}"`, inside);
    const { xml, withoutEffect } = brokerXml(text, parts);
    assert.deepEqual(withoutEffect, []);
    assert.ok(xml.includes(`uri="${uri}"`), xml);
    assert.ok(xml.includes('userName="bridge"') && xml.includes('physicalName="a&gt;"'));
    assert.ok(xml.includes('password="a &quot;long&quot; one"'), xml);
  }
});

test('connectors without verified TLS or without a known user are refused', () => {
  const uris = [
    'static:(tcp://other:61616)',
    'static:(ssl://other:61617,tcp://other:61616)',
    'static:(ssl://other:61617?socket.verifyHostName=false)',
    'static:(ssl://other:61617)?useExponentialBackOff=false',
    'static:(failover:(tcp://other:61616))',
    'ssl://other:61617',
    'multicast://default',
    'http://other/registry',
    'vm://localhost',
    'static:(ssl://$&#123;env&#125;:61617)',
    'static:()',
    '',
    `static:(${Array.from({ length: 17 }, () => 'ssl://a:1').join(',')})`,
  ];
  for (const uri of uris) {
    const text = network(`userName="bridge" uri="${uri}"`);
    assert.throws(() => brokerXml(text, parts), {
      code: 'bad-request',
      message: /networkConnector 1 has a uri other than static:/,
    });
  }
  for (const user of ['', 'userName="nobody"', 'userName=""']) {
    const text = network(`${user} uri="static:(ssl://other:61617)"`);
    assert.throws(() => brokerXml(text, parts), /has a userName that is not a user of the broker/);
  }
});

test('an IPv6 address is written in brackets', () => {
  assert.match(brokerXml(undefined, { ...parts, host: '::1' }).xml, /"ssl:\/\/\[::1\]:61617\?/);
});

test('a password is not evaluated as an expression or a reference', () => {
  const text = network('userName="bridge" uri="static:(ssl://other:61617)"');
  for (const [password, written] of [
    ['a#{1}#', 'a#{&apos;#{&apos;}1}#'],
    ['#{1}', '##{&apos;#{&apos;}1}'],
    ['#a', '##a'],
  ] as const) {
    const users = [{ username: 'bridge', password, groups: [] }];
    const { xml } = brokerXml(text, { ...parts, users });
    assert.ok(xml.includes(`password="${written}"`), xml);
  }
});

test('an element that is there twice is refused', () => {
  const rights = '<plugins><authorizationPlugin/></plugins>';
  const text = broker('', `${rights}<plugins><statisticsBrokerPlugin/></plugins>`);
  const refusal = /it has the element plugins more than once/;
  assert.match(whyUnusable(text, []) ?? '', refusal);
  assert.throws(() => brokerXml(text, parts), { code: 'bad-request', message: refusal });
});

test('names in a configuration differ from the ids of our beans', () => {
  const { xml } = brokerXml(undefined, parts);
  const ids = [...xml.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.deepEqual(ids, [
    `broker-${parts.statisticsToken}`,
    `expressions-${parts.statisticsToken}`,
  ]);
  assert.ok(xml.includes(`<ref bean="${ids[0]}"/>`) && xml.includes(`factory-bean="${ids[1]}"`));
});
