import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { whyUnusable } from './configuration.ts';

const why = (inside: string) =>
  whyUnusable(`<broker xmlns="${brokerNamespace}">${inside}</broker>`, undefined);

const virtual = (inside: string) =>
  '<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>' +
  `${inside}</virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>`;
const policies = (inside: string) =>
  `<destinationPolicy><policyMap>${inside}</policyMap></destinationPolicy>`;
const permissions = (inside: string) =>
  `<plugins><authorizationPlugin><map><authorizationMap>${inside}</authorizationMap></map></authorizationPlugin></plugins>`;
const network = (name: string) =>
  `<networkConnectors><networkConnector name="${name}" uri="static:(ssl://a:1)" userName="u"/></networkConnectors>`;

test('two elements with the same name are refused by both names', () => {
  const once = (name: string) => `have the name [${name}], which ActiveMQ takes only once`;
  const cases: readonly [string, string][] = [
    [
      virtual('<virtualTopic name="A.&gt;"/><virtualTopic name="A.&gt;" prefix="C.*."/>'),
      `virtualTopic [A.>] and virtualTopic [A.>] ${once('A.>')}`,
    ],
    [
      virtual('<compositeQueue name="A"/><compositeTopic name="&#65;"/>'),
      `compositeQueue [A] and compositeTopic [A] ${once('A')}`,
    ],
    [
      virtual('<compositeQueue name="B"/>') + network('B'),
      `compositeQueue [B] and networkConnector [B] ${once('B')}`,
    ],
    // Spring takes a list of names for several.
    [
      virtual('<compositeQueue name="A,B"/><compositeQueue name="C; B\n"/>'),
      `compositeQueue [A,B] and compositeQueue [C; B ] ${once('B')}`,
    ],
    [
      network('stomp+ssl'),
      `a connector of the pair [stomp+ssl] and networkConnector [stomp+ssl] ${once('stomp+ssl')}`,
    ],
  ];
  for (const [inside, expected] of cases) assert.equal(why(inside), expected);
  const tabs = '&#9;'.repeat(20_000);
  assert.match(
    why(
      virtual(`<virtualTopic name="D${tabs}E"/><virtualTopic name="${tabs}D${tabs}E${tabs}"/>`),
    ) ?? '',
    /which ActiveMQ takes only once/,
  );
  const long = 'x'.repeat(5000);
  const found = why(virtual(`<virtualTopic name="${long}"/><virtualTopic name="${long}"/>`));
  assert.ok(found !== undefined && found.length < 500, found);
});

test('what has an effect only once is refused a second time', () => {
  const entries = (queue: string) =>
    `<authorizationEntries><authorizationEntry queue="${queue}" read="a" write="a" admin="a"/></authorizationEntries>`;
  const entry = '<defaultEntry><policyEntry/></defaultEntry>';
  const cases: readonly [string, string][] = [
    [
      '<plugins><authorizationPlugin/><statisticsBrokerPlugin/><authorizationPlugin/></plugins>',
      'it has the element authorizationPlugin more than once in plugins',
    ],
    ['<plugins/><plugins/>', 'it has the element plugins more than once'],
    [
      permissions(entries('A') + entries('B')),
      'it has the element authorizationEntries more than once in authorizationMap',
    ],
    [policies(entry + entry), 'it has the element defaultEntry more than once in policyMap'],
    [
      policies('<defaultEntry><policyEntry/><policyEntry/></defaultEntry>'),
      'it has more than one element in defaultEntry: policyEntry, policyEntry',
    ],
    [
      '<persistenceAdapter><kahaDB/><kahaDB/></persistenceAdapter>',
      'it has more than one element in persistenceAdapter: kahaDB, kahaDB',
    ],
    [
      policies(
        '<policyEntries><policyEntry><deadLetterStrategy><discarding/><sharedDeadLetterStrategy/></deadLetterStrategy></policyEntry></policyEntries>',
      ),
      'it has more than one element in deadLetterStrategy: discarding, sharedDeadLetterStrategy',
    ],
  ];
  for (const [inside, expected] of cases) assert.equal(why(inside), expected);
});

test('lists have as many elements as their owner wants', () => {
  const forward = '<forwardTo><queue physicalName="Q"/><queue physicalName="Q"/></forwardTo>';
  const entry = '<authorizationEntry queue="A" read="a" write="a" admin="a"/>';
  for (const inside of [
    virtual(`<virtualTopic name="A,A"/><compositeQueue name="B">${forward}</compositeQueue>`),
    `${virtual('<virtualTopic/><virtualTopic/>')}<transportConnectors><transportConnector name="openwire"/><transportConnector name="openwire"/></transportConnectors>`,
    permissions(`<authorizationEntries>${entry}${entry}</authorizationEntries>`),
    policies('<policyEntries><policyEntry queue="A"/><policyEntry queue="A"/></policyEntries>'),
    '<plugins><statisticsBrokerPlugin/><statisticsBrokerPlugin/></plugins>',
    '<destinations><queue physicalName="A"/><queue physicalName="A"/></destinations>',
  ]) {
    assert.equal(why(inside), undefined);
  }
});
