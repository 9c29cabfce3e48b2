import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace, readXml } from './xml-tree.ts';

const broker = (content: string) => `<broker xmlns="${brokerNamespace}">${content}</broker>`;

test('input that an XML parser rejects is rejected', () => {
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

test('input that an XML parser accepts is accepted', () => {
  for (const source of [
    broker('\t\r\n&#x41;&#10;\u{1f426}'),
    `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${broker('')}`,
    `<?xml version="1.0" encoding='utf-8'?>${broker('')}`,
    `<?xml version="1.0"?>${broker('')}`,
  ]) {
    readXml(source);
  }
});

const notWellFormed: readonly (readonly [source: string, why: RegExp])[] = [
  [broker('<!-- a -- b -->'), /a comment contains two hyphens/],
  [broker('<!-- a --->'), /a comment contains two hyphens/],
  [`<!--a--b-->${broker('')}`, /a comment contains two hyphens/],
  [`${broker('')}text`, /text outside of its root element/],
  [`text${broker('')}`, /text outside of its root element/],
  [`${broker('')}>`, /text outside of its root element/],
  [`${broker('')}&amp;`, /text outside of its root element/],
  [`${broker('')}<![CDATA[]]>`, /text outside of its root element/],
  [`<broker xmlns="${brokerNamespace}"/>text`, /text outside of its root element/],
  [`${broker('')}${broker('')}`, /exactly one root element/],
  [`<broker xmlns="${brokerNamespace}"/><a/>`, /exactly one root element/],
  [broker(']]>'), /the end of a CDATA section/],
  [broker('<?xml version="1.0"?>'), /XML declaration is not at its beginning/],
  [` <?xml version="1.0"?>${broker('')}`, /XML declaration is not at its beginning/],
  [broker('<a b="1" b="2"/>'), /repeats an attribute/],
  [broker('<a b="<"/>'), /it is not well-formed/],
  [broker('<a></a b="1">'), /an end tag has attributes/],
  [`${broker('')}</broker>`, /an element ends that has not begun/],
  [`<broker xmlns="${brokerNamespace}">`, /an element does not end/],
  [broker('<__proto__/>'), /named __proto__, constructor or prototype/],
  [broker('<a constructor="1"/>'), /named __proto__, constructor or prototype/],
];

test('a malformed document is rejected with the reason', () => {
  for (const [source, message] of notWellFormed) {
    assert.throws(() => readXml(source), { code: 'bad-request', message }, source);
  }
});

test('comments, processing instructions and whitespace around the root element are accepted', () => {
  for (const source of [
    `\ufeff<?xml version="1.0"?>\n<!-- a - b -->\n<?pi a?>${broker('')}\n<!--- c -->\n`,
    `<!---->${broker('<a b = \'>\' c="--"/>')}`,
    broker('<![CDATA[ <a> -- ]]>'),
  ]) {
    readXml(source);
  }
});

test('the time to find an error is proportional to the document length', () => {
  const long = 250_000;
  for (const source of [' '.repeat(long), '<a '.repeat(long / 4), `<a${' '.repeat(long)}`]) {
    assert.throws(() => readXml(`${broker(source)}<`), { code: 'bad-request' });
  }
});

test('a stored document that an earlier release accepted is still readable', () => {
  const empty = `<broker xmlns="${brokerNamespace}"/>text`;
  for (const source of [broker('<!-- a -- b -->'), empty]) readXml(source, true);
});
