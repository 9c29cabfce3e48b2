import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { BrowserFlows, flowCountMax, flowMs, type Purpose } from './browser-flows.ts';

const purpose: Purpose = { type: 'device', userCode: '' };
const anna = { type: 'user', userId: 'AIDAANNA' } as const;

test('sign-ins of many addresses do not end the sign-in of a person, and all of them begin', () => {
  const flows = new BrowserFlows(systemRandom);
  const own = flows.begin(purpose, '192.0.2.1', 0);
  for (let index = 0; index < 2 * flowCountMax.ofUnknown; index++) {
    const other = flows.begin(purpose, `198.51.${index % 50}.${index % 251}`, 1);
    assert.equal(flows.find(other.id, 1), other);
  }
  assert.equal(flows.find(own.id, 1), own);
});

test('a person who has signed in is kept, however many networks begin sign-ins', () => {
  const flows = new BrowserFlows(systemRandom);
  const unknown = flows.begin(purpose, '192.0.2.1', 0);
  const own = flows.signedIn(flows.begin(purpose, '192.0.3.1', 0), anna);
  for (let index = 0; index < flowCountMax.ofUnknown; index++) {
    flows.begin(purpose, `10.${index >> 8}.${index & 255}.1`, 1);
  }
  assert.equal(flows.find(unknown.id, 1), undefined);
  assert.equal(flows.find(own.id, 1), own);
});

test('many sign-ins of one person do not end that of another', () => {
  const flows = new BrowserFlows(systemRandom);
  const own = flows.signedIn(flows.begin(purpose, '192.0.2.1', 0), anna);
  const greedy = { type: 'user', userId: 'AIDAGREEDY' } as const;
  for (let index = 0; index < flowCountMax.ofPeople + 10; index++) {
    flows.signedIn(flows.begin(purpose, '192.0.2.2', 1), greedy);
  }
  assert.equal(flows.find(own.id, 1), own);
});

test('a sign-in gets new secrets when the person is known, and expires', () => {
  const flows = new BrowserFlows(systemRandom);
  const before = flows.begin(purpose, '192.0.2.1', 0);
  const next = flows.signedIn(before, anna);
  assert.notEqual(next.id, before.id);
  assert.notEqual(next.formToken, before.formToken);
  assert.equal(flows.find(before.id, 1), undefined);
  assert.equal(flows.find(next.id, flowMs), undefined);
});
