import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace, readXml } from './xml-tree.ts';

const broker = (content: string) => `<broker xmlns="${brokerNamespace}">${content}</broker>`;

test('what an XML parser would refuse is refused', () => {
  for (const source of [
    broker('\0'),
    broker('\u001b'),
    broker('\ufffe'),
    broker('\ud800'),
    broker('&#x0;'),
    broker('&#0;'),
    broker('&#xD800;'),
    broker('&#xFFFFFF;'),
    `<?xml version="1.0" encoding="UTF-7"?>${broker('')}`,
    `<?xml version="1.0" encoding='ISO-8859-1'?>${broker('')}`,
  ]) {
    assert.throws(() => readXml(source), { code: 'bad-request' }, JSON.stringify(source));
  }
});

test('what an XML parser accepts is read', () => {
  for (const source of [
    broker('\t\r\n&#x41;&#10;\u{1f426}'),
    `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${broker('')}`,
    `<?xml version="1.0" encoding='utf-8'?>${broker('')}`,
    `<?xml version="1.0"?>${broker('')}`,
  ]) {
    readXml(source);
  }
});
