import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type CreateConfigurationCommandInput,
  UpdateConfigurationCommand,
} from '@aws-sdk/client-mq';
import { sanitise } from '../../../src/control/configurations/activemq/sanitise.ts';
import { configurationLimits } from '../../../src/control/configurations/limits.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import {
  brokerXml,
  createConfiguration,
  namespace,
  revisionText,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';

// The texts of configurations: which settings are removed, and which texts are refused.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const create = (changes: Partial<CreateConfigurationCommandInput> = {}) =>
  createConfiguration(plane, changes);
const update = (id: string, text: string) => updateConfiguration(plane, id, text);
const textOf = (id: string, revision: number) => revisionText(plane, id, revision);

test('forbidden elements and attributes are removed with a warning, and the rest is kept', async () => {
  const { Id = '' } = await create();
  const text = brokerXml(
    `
  <!-- kept -->
  <destinationPolicy><policyMap><policyEntries>
    <policyEntry topic=">" producerFlowControl="maybe" colour="red"/>
    <policyEntry queue='say "hi"' memoryLimit="1 mb"/>
  </policyEntries></policyMap></destinationPolicy>
  <shutdownHooks><bean class="com.example.Run"/></shutdownHooks>
  <systemUsage><systemUsage><memoryUsage><memoryUsage percentOfJvmHeap="71"/></memoryUsage></systemUsage></systemUsage>`,
    ' dataDirectory="&#36;{activemq.data}" persistent="#bean" start="true"',
  );
  const { Warnings = [] } = await update(Id, text);
  assert.deepEqual(Warnings, [
    {
      Reason: 'DISALLOWED_ATTRIBUTE_REMOVED',
      ElementName: 'broker',
      AttributeName: 'dataDirectory',
    },
    {
      Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
      ElementName: 'broker',
      AttributeName: 'persistent',
    },
    {
      Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
      ElementName: 'policyEntry',
      AttributeName: 'producerFlowControl',
    },
    { Reason: 'DISALLOWED_ATTRIBUTE_REMOVED', ElementName: 'policyEntry', AttributeName: 'colour' },
    { Reason: 'DISALLOWED_ELEMENT_REMOVED', ElementName: 'shutdownHooks' },
    {
      Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
      ElementName: 'memoryUsage',
      AttributeName: 'percentOfJvmHeap',
    },
  ]);
  const kept = await textOf(Id, 2);
  assert.match(kept, /^<\?xml version="1.0"\?>\n<broker xmlns="[^"]+" start="true">/);
  assert.match(kept, /<!-- kept -->/);
  assert.match(kept, /<policyEntry topic=">"\/>/);
  assert.match(kept, /<policyEntry queue="say &quot;hi&quot;" memoryLimit="1 mb"\/>/);
  assert.doesNotMatch(kept, /shutdownHooks|com\.example|dataDirectory|#bean|71/);
  assert.deepEqual(sanitise(kept, { isLdap: false }), { text: kept, warnings: [] });
});

test('values are limited to a maximum length, whatever characters they contain', async () => {
  const entry = (value: string) =>
    brokerXml(
      '<destinationPolicy><policyMap><policyEntries>' +
        `<policyEntry queue="a" memoryLimit="${value}"/>` +
        '</policyEntries></policyMap></destinationPolicy>',
    );
  const warning = {
    Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
    ElementName: 'policyEntry',
    AttributeName: 'memoryLimit',
  };
  const { xmlValueCharactersMax } = configurationLimits;
  const { Id = '' } = await create();
  for (const value of [' 64 mb ', `${' '.repeat(xmlValueCharactersMax - 1)}1`]) {
    assert.deepEqual((await update(Id, entry(value))).Warnings, []);
  }
  for (const value of [
    `1${' '.repeat(xmlValueCharactersMax)}`,
    `1${' '.repeat(200_000)}x`,
    `1${' '.repeat(4000)}x`,
    '1 tb',
  ]) {
    assert.deepEqual((await update(Id, entry(value))).Warnings, [warning]);
  }
});

test('expressions, placeholders and references are removed with a warning', async () => {
  const plugin = (value: string) =>
    brokerXml(`<plugins><discardingDLQBrokerPlugin dropOnly="${value}"/></plugins>`);
  const warning = {
    Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
    ElementName: 'discardingDLQBrokerPlugin',
    AttributeName: 'dropOnly',
  };
  const { Id = '' } = await create();
  for (const value of ['a#b', 'a{b}', '$']) {
    assert.deepEqual((await update(Id, plugin(value))).Warnings, [], value);
  }
  for (const value of [
    '#{T(java.lang.System).exit(1)}',
    'a#{1}',
    'a&#35;&#x7b;1}',
    'a${user.name}',
    '#other',
    ' &#35;other',
  ]) {
    assert.deepEqual((await update(Id, plugin(value))).Warnings, [warning], value);
  }
});

test('invalid destination names are removed with a warning', async () => {
  const entry = (names: string, more = '') =>
    brokerXml(
      '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
        `<authorizationEntry queue="${names}" read="g"${more}/>` +
        '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>',
    );
  const warning = {
    Reason: 'INVALID_ATTRIBUTE_VALUE_REMOVED',
    ElementName: 'authorizationEntry',
    AttributeName: 'queue',
  };
  const { Id = '' } = await create();
  const many = Array.from({ length: 101 }, (_, i) => `q${i}`);
  for (const names of ['A', 'A.&gt;, topic://B', 'x'.repeat(255), many.slice(1).join()]) {
    assert.deepEqual((await update(Id, entry(names))).Warnings, []);
  }
  for (const names of [' ', ',', 'x'.repeat(256), '\u00e9'.repeat(128), many.join()]) {
    assert.deepEqual((await update(Id, entry(names))).Warnings, [warning], names.slice(0, 20));
  }
  const absurd = brokerXml('', ' maxSchedulerRepeatAllowed="99999999999999999999"');
  assert.deepEqual((await update(Id, absurd)).Warnings, [
    { ...warning, ElementName: 'broker', AttributeName: 'maxSchedulerRepeatAllowed' },
  ]);
  await assert.rejects(
    update(Id, entry(`A"/>${'<authorizationEntry/>'.repeat(10_000)}<authorizationEntry queue="B`)),
    {
      name: 'BadRequestException',
      message: /more than 5000 tags/,
    },
  );
});

test('at most 20 warnings are returned, but all invalid content is removed', async () => {
  const { Id = '' } = await create();
  const { Warnings = [] } = await update(Id, brokerXml('<bean/>'.repeat(30)));
  assert.equal(Warnings.length, 20);
  assert.doesNotMatch(await textOf(Id, 2), /bean/);
});

test('LDAP authorization is permitted only with the LDAP authentication strategy', async () => {
  const text = brokerXml(
    '<plugins><authorizationPlugin><map><cachedLDAPAuthorizationMap queueSearchBase="ou=a"/></map></authorizationPlugin></plugins>',
  );
  const { Id: simple = '' } = await create();
  const { Id: ldap = '', AuthenticationStrategy } = await create({
    AuthenticationStrategy: 'LDAP',
  });
  assert.equal(AuthenticationStrategy, 'ldap');
  assert.deepEqual((await update(ldap, text)).Warnings, []);
  const { Warnings } = await update(simple, text);
  assert.deepEqual(Warnings, [
    { Reason: 'DISALLOWED_ELEMENT_REMOVED', ElementName: 'cachedLDAPAuthorizationMap' },
  ]);
});

const notXml: Readonly<Record<string, string>> = {
  'no XML at all': 'broker',
  'an end tag too few': `<broker xmlns="${namespace}">`,
  'two roots': `${brokerXml('')}<broker xmlns="${namespace}"/>`,
  'a root of another namespace': '<broker xmlns="urn:other"/>',
  'a root without a namespace': '<broker/>',
  'another root': `<beans xmlns="${namespace}"/>`,
  'a document type': `<!DOCTYPE broker [<!ENTITY a "b">]>${brokerXml('')}`,
  'entities that grow': `<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;">]><broker xmlns="${namespace}">&c;</broker>`,
  'an external entity': `<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><broker xmlns="${namespace}">&a;</broker>`,
  'an unknown entity': brokerXml('&other;'),
  'a comment without an end': brokerXml('<!-- '),
  'an attribute twice': brokerXml('', ' start="true" start="true"'),
  'a permitted element with a prefix': `<broker xmlns="${namespace}"><plugins><a:authorizationPlugin xmlns:a="${namespace}"/></plugins></broker>`,
  'too many levels': brokerXml('<a>'.repeat(100) + '</a>'.repeat(100)),
  'too many attributes': brokerXml(
    '',
    Array.from({ length: 10_001 }, (_, i) => ` a${i}="1"`).join(''),
  ),
  'too many tags': brokerXml('<a/>'.repeat(30_000)),
};
for (const [what, text] of Object.entries(notXml)) {
  test(`a configuration with ${what} is refused`, async () => {
    const { Id = '' } = await create();
    await assert.rejects(update(Id, text), {
      name: 'BadRequestException',
      ErrorAttribute: 'data',
      message: /^The configuration is not valid XML of a broker: /,
    });
  });
}

test('names of JavaScript object members are treated as ordinary names', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const { Id = '' } = await create();
    await update(Id, brokerXml(`<${name} ${name}="1"/>`, ` ${name}="1"`)).then(
      async () => assert.doesNotMatch(await textOf(Id, 2), new RegExp(name)),
      (error: Error) => assert.equal(error.name, 'BadRequestException'),
    );
  }
});

test('data that is empty, too long, or not valid base64 or UTF-8 is refused', async () => {
  const { Id: ConfigurationId = '' } = await create();
  const send = (Data: string) =>
    plane.mq.send(new UpdateConfigurationCommand({ ConfigurationId, Data }));
  const refused = (message: string) => ({
    name: 'BadRequestException',
    ErrorAttribute: 'data',
    message,
  });
  await assert.rejects(send('<broker/>'), refused('The configuration is not valid base64.'));
  await assert.rejects(send('/w=='), refused('The configuration is not valid UTF-8.'));
  await assert.rejects(send(''), { name: 'BadRequestException' });
  const { textBytesMax } = configurationLimits;
  const long = Buffer.alloc(textBytesMax + 1, 0x20).toString('base64');
  const text = `The configuration has ${textBytesMax + 1} bytes; at most ${textBytesMax} are allowed.`;
  await assert.rejects(send(long), refused(text));
});

test('a RabbitMQ configuration accepts its own keys, and errors name the wrong line', async () => {
  const { Id = '' } = await create({ EngineType: 'RabbitMQ', EngineVersion: '4.2' } as never);
  const text = `# a comment

consumer_timeout = 60000
heartbeat=60
cluster_queue_limit = 500
auth_oauth2.issuer = https://example.com
aws.arns.assume_role_arn = arn:aws:iam::123456789012:role/r
aws.arns.auth_ldap.dn_lookup_bind.password = arn:aws:secretsmanager:us-east-1:123456789012:secret:s
`;
  await update(Id, text);
  assert.equal(await textOf(Id, 2), text);
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      'heartbeat = 59',
      /^Line 1 of the configuration: the value of key \[heartbeat\] must be a whole number from 60 to 3600\.$/,
    ],
    [
      '\nlisteners.tcp.default = 5672',
      /^Line 2 .*: key \[listeners\.tcp\.default\] is not supported\.$/,
    ],
    [
      'auth_ldap.dn_lookup_bind.password = hunter2',
      /key \[auth_ldap\.dn_lookup_bind\.password\] is not supported/,
    ],
    ['management.oauth_client_secret = hunter2', /is not supported/],
    ['auth_oauth2.issuer = http://example.com', /must be a URL that begins with https:\/\//],
    ['auth_oauth2.issuer = https://me:hunter2@example.com', /has no user name/],
    ['no key', /^Line 1 of the configuration is not of the form key = value\.$/],
    ['= 1', /not of the form/],
    [
      'aws.arns.ssl_options.cacertfile = arn:aws:s3:::b/ca.pem',
      /has key \[aws\.arns\.ssl_options\.cacertfile\], but not \[aws\.arns\.assume_role_arn\]/,
    ],
    [
      `auth_oauth2.resource_server_id = ${'x'.repeat(2049)}`,
      /value of key \[auth_oauth2\.resource_server_id\] has 2049 characters; at most 2048 are allowed/,
    ],
    ['\n'.repeat(4000), /has 4001 lines; at most 4000 are allowed/],
  ];
  for (const [line, message] of wrong) {
    await assert.rejects(update(Id, line), (error: Error) => {
      assert.equal(error.name, 'BadRequestException');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  const { Id: old = '' } = await create({ EngineType: 'RABBITMQ', EngineVersion: '3.13' });
  await assert.rejects(update(old, 'cluster_queue_limit = 500'), {
    message: 'Line 1 of the configuration: key [cluster_queue_limit] requires RabbitMQ 4 or later.',
  });
});
