// Generates docs/reference/api.md.

import * as cloudTrail from '@aws-sdk/client-cloudtrail';
import * as cloudWatch from '@aws-sdk/client-cloudwatch';
import * as cloudWatchLogs from '@aws-sdk/client-cloudwatch-logs';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as mq from '@aws-sdk/client-mq';
import * as sts from '@aws-sdk/client-sts';
import { inWordsOf, RequestError } from '../src/aws/errors.ts';
import type { Operation, Service } from '../src/aws/service.ts';
import { ControlPlane } from '../tests/support/control-plane.ts';
import { operationsOf } from '../tests/support/sdk-schemas.ts';

/** The services and the AWS clients that they are compared with, in the order of the page. */
const apis = [
  { title: 'Amazon MQ', service: 'mq', client: operationsOf(mq) },
  { title: 'AWS KMS', service: 'kms', client: operationsOf(kms) },
  { title: 'CloudTrail', service: 'cloudtrail', client: operationsOf(cloudTrail) },
  { title: 'CloudWatch', service: 'monitoring', client: operationsOf(cloudWatch) },
  { title: 'CloudWatch Logs', service: 'logs', client: operationsOf(cloudWatchLogs) },
  { title: 'Identity and Access Management', service: 'iam', client: operationsOf(iam) },
  { title: 'Security Token Service', service: 'sts', client: operationsOf(sts) },
];

interface Coverage {
  readonly answered: readonly string[];
  /** The operations that are refused with each error and message. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
  readonly unknown: readonly string[];
  /** The error for unknown operations. */
  readonly unknownError: string;
  /** Operations that only exist here, because the client is older. */
  readonly newer: readonly string[];
}

/** Returns an input with the names of the members as values, so that they appear in messages. */
function namedInput({ input }: Operation<unknown, unknown>): Readonly<Record<string, string>> {
  const names = input.node.kind === 'structure' ? Object.keys(input.node.members) : [];
  return Object.fromEntries(names.map((name) => [name, `{${name}}`]));
}

/**
 * Returns the error with which all calls of an operation are refused; undefined if it is supported.
 */
function refusalOf(
  service: Service,
  operation: Operation<unknown, unknown> | undefined,
): string | undefined {
  if (operation?.refuse === undefined) return undefined;
  const error = operation.refuse(namedInput(operation));
  const told = service.translate?.(error);
  if (told === undefined) throw new Error(`a refusal without a code: ${error.message}`);
  return `\`${told.code}\`: “${told.message}”`;
}

function coverageOf(service: Service, clientNames: readonly string[]): Coverage {
  const declared = Object.keys(service.operations);
  const refused = new Map<string, string[]>();
  const answered: string[] = [];
  for (const name of declared.sort()) {
    const refusal = refusalOf(service, service.operations[name]);
    if (refusal === undefined) answered.push(name);
    else refused.set(refusal, [...(refused.get(refusal) ?? []), name]);
  }
  const { code, status } = inWordsOf(service.wires[0], new RequestError('unknown-operation', ''));
  return {
    answered,
    refused,
    unknown: clientNames.filter((name) => !declared.includes(name)).sort(),
    unknownError: `\`${code}\`, status ${status}`,
    newer: declared.filter((name) => !clientNames.includes(name)),
  };
}

const listed = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

function sectionOf(title: string, coverage: Coverage): string {
  const { answered, refused, unknown, unknownError, newer } = coverage;
  const parts = [`## ${title}`, `**Supported** (${answered.length}): ${listed(answered)}.`];
  if (refused.size > 0) {
    const count = [...refused.values()].flat().length;
    const lines = [...refused].map(([error, names]) => `- ${listed(names)}: ${error}`);
    parts.push(`**Refused** (${count}):`, lines.join('\n'));
  }
  if (unknown.length > 0) {
    parts.push(`**Unknown** (${unknown.length}; ${unknownError}): ${listed(unknown)}.`);
  }
  if (newer.length > 0 && answered.length + refused.size > newer.length) {
    parts.push(`Not in the client that this was compared with, which is older: ${listed(newer)}.`);
  }
  return parts.join('\n\n');
}

/** Generates the page about the supported operations from the declarations of the services. */
export async function generateApiReference(): Promise<string> {
  const { services } = await ControlPlane.inProcess();
  const sections = apis.map(({ title, service: name, client }) => {
    const service = services.find((each) => each.name === name);
    if (service === undefined) throw new Error(`there is no service ${name}`);
    return sectionOf(title, coverageOf(service, [...client.keys()]));
  });
  const total = apis.reduce((sum, { client }) => sum + client.size, 0);
  return `# Coverage of the APIs

This page lists all operations of the official AWS SDK clients, ${counted(total, 'operation')} in total. It is generated by \`npm run gen\` from the declarations of the services; a test fails if it is out of date.

- **Supported** operations behave as in AWS. They refuse values that are not supported, such as some kinds of keys or brokers, with an error that names the value.
- **Refused** operations are authorised and recorded in the audit trail, and all calls return an AWS error. Operations on a broker first check that it exists.
- **Unknown** operations return the error for operations that do not exist.

${sections.join('\n\n')}
`;
}
