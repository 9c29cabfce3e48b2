// Whether a command of the AWS CLI exists, by the schemas of AWS's own clients, and gets what it needs. An
// installed CLI may be older than an operation, and takes a third of a second to load.

import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as mq from '@aws-sdk/client-mq';
import * as sts from '@aws-sdk/client-sts';
import { operationsOf, type SchemaShape } from '../support/sdk-schemas.ts';
import { several } from './command-lines.ts';

const services = { cloudtrail, cloudwatch, iam, kms, logs, mq, sts } as const;

type Kind = SchemaShape['kind'];
/** What an option takes: `list` any number of values, `boolean` none, all others one. */
type Options = ReadonlyMap<string, Option>;
interface Option {
  readonly kind: Kind;
  readonly isRequired: boolean;
}

const one: Option = { kind: 'string', isRequired: false };
const none: Option = { kind: 'boolean', isRequired: false };
const needed: Option = { kind: 'string', isRequired: true };

/** Options of every command. */
const common: Options = new Map(
  Object.entries({
    ...{ profile: one, region: one, output: one, query: one, 'endpoint-url': one },
    ...{ 'ca-bundle': one, 'no-cli-pager': none, debug: none, 'cli-input-json': one },
    ...{ 'max-items': one, 'page-size': one, 'starting-token': one, 'no-paginate': none },
  }),
);

/** What the CLI adds to operations. */
const added: Readonly<Record<string, Options>> = {
  'iam create-virtual-mfa-device': new Map([
    ['outfile', needed],
    ['bootstrap-method', needed],
  ]),
};

/** Commands that are no operations. */
const own: Readonly<Record<string, Options>> = {
  'cloudtrail validate-logs': new Map([
    ['trail-arn', needed],
    ['start-time', needed],
    ...['end-time', 's3-bucket', 's3-prefix', 'account-id'].map((name) => [name, one] as const),
    ['verbose', none],
  ]),
  'sso login': new Map([
    ['no-browser', none],
    ['use-device-code', none],
    ['sso-session', one],
  ]),
  'sso logout': new Map(),
};

/** How the CLI writes a name: `KmsKeyId` is `kms-key-id`. */
function dashed(name: string): string {
  const plural = /[A-Z]{2,}s$/.exec(name)?.[0] ?? '';
  const start = plural === '' ? name : `${name.slice(0, -plural.length)}-${plural.toLowerCase()}`;
  return start
    .replace(/(.)([A-Z][a-z]+)/g, '$1-$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase();
}

const isService = (name: string): name is keyof typeof services => Object.hasOwn(services, name);

/** By `service operation`. */
const operations = new Map<string, Options>();

/** The options of a command; undefined if there is no such command. */
function optionsOf(service: string, command: string): Options | undefined {
  const name = `${service} ${command}`;
  if (own[name] !== undefined) return own[name];
  if (!isService(service)) return undefined;
  if (!operations.has(`${service} `)) {
    operations.set(`${service} `, new Map()); // its operations are read once
    for (const [operation, { input }] of operationsOf(services[service])) {
      const shape = input();
      const members = shape.kind === 'structure' ? [...shape.members] : [];
      const options = members.map(
        ([member, { isRequired, shape: of }]) =>
          [dashed(member), { kind: of().kind, isRequired }] as const,
      );
      const path = `${service} ${dashed(operation)}`;
      operations.set(path, new Map([...options, ...(added[path] ?? [])]));
    }
  }
  return operations.get(name);
}

/**
 * What is wrong with the arguments of the AWS CLI: an unknown service, operation or option, a missing
 * option, an option with too many or too few values.
 *
 * @param words what stands behind `aws`
 * @returns undefined for valid ones
 */
export function whyNotAws(words: readonly string[]): string | undefined {
  if (words.length === 1 && words[0] === several) return undefined;
  const before = words.findIndex((_, at) => !isOfOption(words, at));
  const [service = '', command = '', ...rest] = words.slice(before);
  const options = optionsOf(service, command);
  if (before < 0 || options === undefined) return `no command '${service} ${command}'`;
  const given = groupsOf([...words.slice(0, before), ...rest]);
  let mayHaveMore = given.has('cli-input-json');
  for (const [name, values] of given) {
    const found = common.get(name) ?? options.get(name) ?? negated(options, name);
    if (found === undefined) return `${service} ${command} has no --${name}`;
    const known = values.filter((value) => value !== several).length;
    // Behind its values, an option can be followed by others in a variable.
    const isOpen = known < values.length;
    if (isOpen && known >= valuesOf(found)) mayHaveMore = true;
    const isRight = found.kind === 'list' ? values.length > 0 : known === valuesOf(found);
    if (!isRight && !(isOpen && known < valuesOf(found))) {
      return `--${name} with ${values.length} values: ${values.join(' ')}`;
    }
  }
  if (mayHaveMore) return undefined;
  const missing = [...options].find(([name, { isRequired }]) => isRequired && !isGiven(given, name));
  return missing && `${service} ${command} lacks --${missing[0]}`;
}

const isOfOption = (words: readonly string[], at: number) =>
  [words[at], words[at - 1]].some((word) => word?.startsWith('--') === true);

const valuesOf = ({ kind }: Option) => (kind === 'boolean' ? 0 : 1);

const isGiven = (given: ReadonlyMap<string, unknown>, name: string) =>
  given.has(name) || given.has(`no-${name}`);

function negated(options: Options, name: string) {
  const positive = name.startsWith('no-') ? options.get(name.slice(3)) : undefined;
  return positive?.kind === 'boolean' ? positive : undefined;
}

/** The values of each option. */
function groupsOf(words: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  let values: string[] = [];
  for (const word of words) {
    if (!word.startsWith('--')) {
      values.push(word);
      continue;
    }
    const [name = '', ...value] = word.slice(2).split('=');
    values = value.length > 0 ? [value.join('=')] : [];
    groups.set(name, values);
  }
  return groups;
}
