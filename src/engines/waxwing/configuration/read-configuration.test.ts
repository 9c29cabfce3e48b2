import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { readConfiguration } from './read-configuration.ts';

const users = [
  { username: 'bob', passwordHash: 'x', groups: ['staff'] },
  { username: 'eve', passwordHash: 'x' },
];

function read(inside: string) {
  const text = `<broker xmlns="${brokerNamespace}">${inside}</broker>`;
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
  assert.deepEqual(read(comment), { configuration: { authorisation: undefined }, warnings: [] });
  assert.equal(
    read('<plugins><statisticsBrokerPlugin/></plugins>').configuration.authorisation,
    undefined,
  );
});

test('an authorisation map is read with entries, default, temporary destinations and groups', () => {
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

test('permissions that cannot be read are denied or refuse the start, never ignored', () => {
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
