// The fuzzers of configurations.

import assert from 'node:assert/strict';
import { WaxwingError } from '../../src/base/errors.ts';
import { settingsOf } from '../../src/broker/activemq/policies/settings-of.ts';
import { AuthorisationMap } from '../../src/broker/activemq/rights/authorisation-map.ts';
import { elementRules, rootRule } from '../../src/control/configurations/activemq/permitted.ts';
import { sanitise } from '../../src/control/configurations/activemq/sanitise.ts';
import { brokerNamespace } from '../../src/control/configurations/activemq/xml-tree.ts';
import { readData } from '../../src/control/configurations/configuration-rules.ts';
import { readCuttlefish } from '../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { exactKeys } from '../../src/control/configurations/rabbitmq/keys.ts';
import { ControlError } from '../../src/control/errors.ts';
import { readConfiguration } from '../../src/engines/waxwing/configuration/read-configuration.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import type { Tally } from './tally.ts';

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

/** The attributes of an element, with some of what its rule permits. */
function attributes(random: SeededRandom, ruleName: string): string {
  const permitted = [...(elementRules.get(ruleName)?.attributes.keys() ?? [])];
  const written = new Map<string, string>();
  for (let left = random.below(4); left > 0 && permitted.length > 0; left--) {
    written.set(random.pick(permitted), random.pick(values));
  }
  if (random.oneIn(10)) written.set(random.pick(['id', 'xmlns:a', 'a:b', '__proto__']), canary);
  const text = [...written].map(([key, value]) => {
    const quote = value.includes('"') ? "'" : '"';
    return ` ${key}=${quote}${value}${quote}`;
  });
  return text.join('');
}

function tagged(random: SeededRandom, name: string, ruleName: string, inside: string): string {
  const start = `<${name}${attributes(random, ruleName)}`;
  return inside === '' ? `${start}/>` : `${start}>${inside}</${name}>`;
}

/** An element with some of what its rule permits, and now and then something else. */
function element(random: SeededRandom, name: string, ruleName: string, depth: number): string {
  const children = [...(elementRules.get(ruleName)?.children ?? [])];
  let inside = random.oneIn(12) ? random.pick(oddities) : '';
  for (let left = depth > 8 ? 0 : random.below(4); left > 0; left--) {
    const [child, childRule] = random.oneIn(15)
      ? [random.pick(['bean', 'import', 'shutdownHooks']), random.pick(rules)[0]]
      : children.length > 0
        ? random.pick(children)
        : ['none', 'none'];
    inside += element(random, child, childRule, depth + 1);
  }
  return tagged(random, name, ruleName, inside);
}

/** An element and its rule. */
type Step = readonly [name: string, ruleName: string];

/** The elements from a child of the root to the first element with each rule. */
const paths = new Map<string, readonly Step[]>([[rootRule, []]]);
for (const [ruleName, path] of paths) {
  for (const step of elementRules.get(ruleName)?.children ?? []) {
    if (!paths.has(step[1])) paths.set(step[1], [...path, step]);
  }
}

/** Nested elements down to one with a rule, which has children of its own. */
function pathTo(random: SeededRandom, ruleName: string): string {
  let text = '';
  for (const [at, [name, rule]] of [...(paths.get(ruleName) ?? [])].reverse().entries()) {
    text = at === 0 ? element(random, name, rule, 6) : tagged(random, name, rule, text);
  }
  return text;
}

/** A document, and the rules of elements that are surely in it if it is whole. */
interface Document {
  readonly text: string;
  readonly rules: readonly string[];
}

function document(random: SeededRandom): Document {
  const targets = random.oneIn(3) ? [] : [0, 1, 2].map(() => random.pick([...paths.keys()]));
  const inside = targets.map((ruleName) => pathTo(random, ruleName)).join('');
  const whole =
    targets.length > 0
      ? tagged(random, 'broker', rootRule, inside)
      : element(random, 'broker', rootRule, 0);
  const root = random.oneIn(30)
    ? whole
    : whole.replace('<broker', `<broker xmlns="${brokerNamespace}"`);
  const text = random.oneIn(3) ? `<?xml version="1.0" encoding="UTF-8"?>\n${root}` : root;
  if (!random.oneIn(5)) return { text, rules: targets };
  const at = random.below(text.length);
  const odd = random.oneIn(2) ? '' : random.pick(oddities) + text.slice(at);
  return { text: text.slice(0, at) + odd, rules: [] };
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

function fuzzXml(random: SeededRandom, tally: Tally): void {
  const options = { isLdap: random.oneIn(2) };
  const source = random.oneIn(20)
    ? { text: junk(random).toString('latin1'), rules: [] }
    : document(random);
  const first = unlessRefused(() => sanitise(source.text, options));
  if (first === undefined) return;
  if (first.warnings.length > 0)
    assert.ok(!/\$\{/.test(first.text.replace(/<!--[\s\S]*?-->/g, '')));
  // The rest is permitted, and a second pass does not change it.
  const again = sanitise(first.text, options);
  assert.deepEqual(again, { text: first.text, warnings: [] });
  compile(first.text);
  for (const ruleName of source.rules) {
    const [name = 'broker'] = paths.get(ruleName)?.at(-1) ?? [];
    if (new RegExp(`<${name}\\b`).test(first.text)) tally.reach(ruleName);
  }
}

const sanitiser: Fuzzer = {
  name: 'configuration: XML',
  roundCount: 6000,
  handlers: rules.map(([name]) => name),
  run: fuzzXml,
};

const familyKeys = [
  'auth_oauth2.issuer',
  'auth_oauth2.preferred_username_claims.1',
  'management.oauth_client_id',
  'auth_http.user_path',
  'auth_ldap.servers.1',
  'auth_backends.1',
  'auth_mechanisms.1',
];
const wrongKeys = ['auth_oauth2.signing_keys.a', '__proto__', 'a b', ''];
const settings = [
  ...['60', '1', '-1', 'true', 'https://a', 'arn:aws:iam::1:role/r', canary, "'60'", '= ='],
  ...['verify_peer', 'wildcard', 'distinguished_name', 'dns', 'internal', 'PLAIN'],
];
const role = 'aws.arns.assume_role_arn = arn:aws:iam::1:role/r';

/** Settings that are accepted only together. */
const certificates = [
  ...[role, 'aws.arns.ssl_options.cacertfile = arn:aws:s3:::bucket/ca.pem'],
  ...['ssl_options.verify = verify_peer', 'ssl_options.fail_if_no_peer_cert = true'],
].join('\n');

function settingLine(random: SeededRandom): string {
  if (random.oneIn(40)) return certificates;
  if (random.oneIn(20)) return junk(random).toString('latin1');
  if (random.oneIn(3)) return role;
  const key = random.pick(random.oneIn(15) ? wrongKeys : random.oneIn(4) ? familyKeys : exactKeys);
  const isFile = key.startsWith('aws.arns.') && random.oneIn(2);
  const value = isFile ? 'arn:aws:s3:::bucket/ca.pem' : random.pick(settings);
  return `${key}${random.pick([' = ', '=', ' = '])}${value}`;
}

const cuttlefish: Fuzzer = {
  name: 'configuration: keys and values',
  roundCount: 20_000,
  handlers: [...exactKeys, ...familyKeys],
  run: (random, tally) => {
    const lines = Array.from({ length: random.below(4) }, () => settingLine(random));
    const text = lines.join(random.pick(['\n', '\r\n']));
    const read = unlessRefused(() => readCuttlefish(text, random.pick([3, 4])));
    for (const { key } of read ?? []) {
      assert.ok(!key.includes('signing_keys'));
      tally.reach(key);
    }
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
