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
 * Checks the arguments of the AWS CLI. Finds unknown services, operations and options, missing options, and
 * options with too many or too few values.
 *
 * @param words the arguments after `aws`
 * @returns the first problem; undefined if there is none
 */
export function whyNotAws(words: readonly string[]): string | undefined {
  if (words.length === 1 && words[0] === several) return undefined;
  const start = words.findIndex((_, at) => !isOfOption(words, at));
  const [service = '', command = '', ...rest] = words.slice(start);
  const options = optionsOf(service, command);
  if (start < 0 || options === undefined) return `no command '${service} ${command}'`;
  const given = groupsOf([...words.slice(0, start), ...rest]);
  for (const [name, values] of given) {
    const option = common.get(name) ?? options.get(name) ?? negated(options, name);
    if (option === undefined) return `${service} ${command} has no --${name}`;
    if (!canTake(option, values)) {
      return `--${name} with ${values.length} values: ${values.join(' ')}`;
    }
  }
  if (given.has('cli-input-json') || [...given.values()].some(canBringMore)) return undefined;
  const missing = [...options].find(
    ([name, { isRequired }]) => isRequired && !isGiven(given, name),
  );
  return missing && `${service} ${command} lacks --${missing[0]}`;
}

/** Whether an option can have these values. A variable among them may be some more, or further options. */
function canTake({ kind }: Option, values: readonly string[]): boolean {
  if (kind === 'list') return values.length > 0;
  const count = kind === 'boolean' ? 0 : 1;
  const known = values.filter((value) => value !== several).length;
  return known === count || (known < count && known < values.length);
}

/** Whether further options may follow the values of one, in a variable. */
const canBringMore = (values: readonly string[]) => values.length > 1 && values.includes(several);

const isOfOption = (words: readonly string[], at: number) =>
  [words[at], words[at - 1]].some((word) => word?.startsWith('--') === true);

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
