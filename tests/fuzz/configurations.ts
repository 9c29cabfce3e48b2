// The fuzzers of configurations.

import assert from 'node:assert/strict';
import { WaxwingError } from '../../src/base/errors.ts';
import { settingsOf } from '../../src/broker/activemq/policies/settings-of.ts';
import { AuthorisationMap } from '../../src/broker/activemq/rights/authorisation-map.ts';
import { elementRules } from '../../src/control/configurations/activemq/permitted.ts';
import { sanitise } from '../../src/control/configurations/activemq/sanitise.ts';
import { brokerNamespace } from '../../src/control/configurations/activemq/xml-tree.ts';
import { readData } from '../../src/control/configurations/configuration-rules.ts';
import { readCuttlefish } from '../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { ControlError } from '../../src/control/errors.ts';
import { readConfiguration } from '../../src/engines/waxwing/configuration/read-configuration.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Fuzzer, junk } from './fuzzer.ts';

const options = { isLdap: false };
/** In no message, and in no text that is kept where it is not permitted. */
const canary = 'canary-5d1c';
const rules = [...elementRules];
const values = [
  'true',
  'FALSE',
  '1',
  '-99999999999999999999',
  '1 mb',
  '>',
  '&gt;',
  '&#36;{a}',
  `\${${canary}}`,
  '#bean',
  '',
  'say "x"',
  'a&amp;b',
];
const oddities = [
  '<!-- a > b -->',
  '<![CDATA[<a>]]>',
  ' text ',
  '&lt;',
  '&other;',
  '<a',
  '</a>',
  '<?pi x?>',
  '<!DOCTYPE a>',
  '<__proto__ constructor="1"/>',
  ']]>',
];

/** An element with some of what its rule permits, and now and then something else. */
function element(random: SeededRandom, name: string, ruleName: string, depth: number): string {
  const rule = elementRules.get(ruleName);
  const attributes = [...(rule?.attributes.keys() ?? [])];
  const children = [...(rule?.children ?? [])];
  const written = new Map<string, string>();
  for (let left = random.below(4); left > 0 && attributes.length > 0; left--) {
    written.set(random.pick(attributes), random.pick(values));
  }
  if (random.oneIn(10)) written.set(random.pick(['id', 'xmlns:a', 'a:b', '__proto__']), canary);
  const text = [...written].map(([key, value]) => {
    const quote = value.includes('"') ? "'" : '"';
    return ` ${key}=${quote}${value}${quote}`;
  });
  let inside = random.oneIn(12) ? random.pick(oddities) : '';
  for (let left = depth > 8 ? 0 : random.below(4); left > 0; left--) {
    const [child, childRule] = random.oneIn(15)
      ? [random.pick(['bean', 'import', 'shutdownHooks']), random.pick(rules)[0]]
      : children.length > 0
        ? random.pick(children)
        : ['none', 'none'];
    inside += element(random, child, childRule, depth + 1);
  }
  return inside === ''
    ? `<${name}${text.join('')}/>`
    : `<${name}${text.join('')}>${inside}</${name}>`;
}

function document(random: SeededRandom): string {
  const whole = element(random, 'broker', 'broker', 0);
  const root = random.oneIn(30)
    ? whole
    : whole.replace('<broker', `<broker xmlns="${brokerNamespace}"`);
  const text = random.oneIn(3) ? `<?xml version="1.0" encoding="UTF-8"?>\n${root}` : root;
  if (!random.oneIn(5)) return text;
  const at = random.below(text.length);
  return random.oneIn(2)
    ? text.slice(0, at)
    : text.slice(0, at) + random.pick(oddities) + text.slice(at);
}

/** Runs a reader that may refuse its input; undefined if it does. */
function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof ControlError, String(error));
    assert.ok(!error.message.includes(canary), 'a message repeats what was given');
    return undefined;
  }
}

/** What is permitted can be read and compiled, but for permissions that cannot be enforced. */
function compile(text: string): void {
  const source = { configuration: { id: 'c-1', revision: 1, text }, users: [] };
  try {
    const { configuration, warnings } = readConfiguration(source);
    assert.ok(warnings.length <= 20);
    assert.ok(!JSON.stringify(configuration).includes('null'), 'a number is infinite');
    const { policyOf } = settingsOf(configuration, Infinity);
    for (const name of ['A', 'A.B']) assert.ok(policyOf({ kind: 'queue', name }).deadLetters);
    if (configuration.authorisation) new AuthorisationMap(configuration.authorisation);
  } catch (error) {
    assert.ok(error instanceof WaxwingError, String(error));
    assert.equal(error.code, 'configuration-unsupported');
  }
}

const sanitiser: Fuzzer = {
  name: 'configuration: XML',
  roundCount: 200,
  run: (random) => {
    const source = random.oneIn(20) ? junk(random).toString('latin1') : document(random);
    const first = unlessRefused(() => sanitise(source, options));
    if (first === undefined) return;
    if (first.warnings.length > 0)
      assert.ok(!/\$\{/.test(first.text.replace(/<!--[\s\S]*?-->/g, '')));
    // The rest is permitted, and a second pass does not change it.
    const again = sanitise(first.text, options);
    assert.deepEqual(again, { text: first.text, warnings: [] });
    compile(first.text);
  },
};

const keys = [
  'consumer_timeout',
  'heartbeat',
  'auth_oauth2.issuer',
  'auth_oauth2.signing_keys.a',
  'aws.arns.assume_role_arn',
  'aws.arns.ssl_options.cacertfile',
  'cluster_queue_limit',
  '__proto__',
  'a b',
  '',
];
const settings = ['60', '-1', 'true', 'https://a', 'arn:aws:iam::1:role/r', canary, "'60'", '= ='];

const cuttlefish: Fuzzer = {
  name: 'configuration: keys and values',
  run: (random) => {
    const line = () =>
      random.oneIn(10)
        ? junk(random).toString('latin1')
        : `${random.pick(keys)}${random.pick([' = ', '=', ' '])}${random.pick(settings)}`;
    const text = Array.from({ length: random.below(5) }, line).join(random.pick(['\n', '\r\n']));
    const read = unlessRefused(() => readCuttlefish(text, random.pick([3, 4])));
    for (const { key } of read ?? []) assert.ok(!key.includes('signing_keys'));
  },
};

const data: Fuzzer = {
  name: 'configuration: base64',
  run: (random) => {
    const bytes = junk(random);
    const text = random.pick([bytes.toString('base64'), bytes.toString('latin1')]);
    const read = unlessRefused(() => readData(text));
    const joined = text.replaceAll(/[\r\n]/g, '');
    if (read !== undefined) assert.equal(Buffer.from(read).toString('base64'), joined);
  },
};

/** The fuzzers of the readers of configurations. */
export const configurationFuzzers: readonly Fuzzer[] = [sanitiser, cuttlefish, data];
