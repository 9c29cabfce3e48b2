// Generates docs/reference/errors.md.

import { oauthErrors } from '../src/api/sso/parts.ts';
import { AuditError } from '../src/audit/errors.ts';
import { type AwsError, inWordsOf, RequestError, type Wire } from '../src/aws/errors.ts';
import type { Service } from '../src/aws/service.ts';
import { ControlError } from '../src/control/errors.ts';
import { IamError } from '../src/identity/accounts/errors.ts';
import { KmsError } from '../src/kms/errors.ts';
import { LogsError } from '../src/logs/errors.ts';
import { MetricsError } from '../src/metrics/errors.ts';
import { ControlPlane } from '../tests/support/control-plane.ts';
import { checkOperationErrors, operationErrors } from './errors/errors-of-operations.ts';
import { type ErrorCode, readCodes } from './errors/read-codes.ts';
import { apiRemedies } from './errors/remedies-of-calls.ts';
import { commandRemedies } from './errors/remedies-of-commands.ts';

type Remedies = Readonly<Record<string, Readonly<Record<string, string>>>>;
// biome-ignore lint/suspicious/noExplicitAny: the codes come from the file that declares them.
type AnyError = new (code: any, message: string) => Error;

/** The services with errors of their own: the file with their codes, and how a caller sees them. */
const services: readonly {
  readonly title: string;
  readonly service: string;
  readonly path: string;
  readonly make: AnyError;
}[] = [
  { title: 'Amazon MQ', service: 'mq', path: 'src/control/errors.ts', make: ControlError },
  { title: 'AWS KMS', service: 'kms', path: 'src/kms/errors.ts', make: KmsError },
  {
    title: 'IAM and STS',
    service: 'iam',
    path: 'src/identity/accounts/errors.ts',
    make: IamError,
  },
  { title: 'CloudTrail', service: 'cloudtrail', path: 'src/audit/errors.ts', make: AuditError },
  { title: 'CloudWatch Logs', service: 'logs', path: 'src/logs/errors.ts', make: LogsError },
  { title: 'CloudWatch', service: 'monitoring', path: 'src/metrics/errors.ts', make: MetricsError },
];

/** Errors of starts, checks and commands. */
const commands = [
  { title: 'Starting and checking a service', path: 'src/server/errors.ts' },
  { title: 'Volumes, files and backups', path: 'src/storage/errors.ts' },
  { title: 'Encrypted volumes of installed engines', path: 'src/volumes/errors.ts' },
  { title: 'Installed engines', path: 'src/engines/installed/errors.ts' },
  { title: 'Commands', path: 'src/cli/errors.ts' },
  { title: '`waxwing import` and `waxwing export`', path: 'src/transfer/errors.ts' },
  { title: 'Network', path: 'src/net/errors.ts' },
  { title: 'Hosts of clusters, `waxwing node`', path: 'src/hosts/errors.ts' },
] as const;

const wires: readonly (readonly [string, Wire])[] = [
  ['JSON (KMS, CloudTrail, logs)', 'json-1.1'],
  ['REST (Amazon MQ, SSO)', 'rest-json'],
  ['query (IAM, STS)', 'query'],
];

function remedyOf(remedies: Remedies, path: string, { code }: ErrorCode): string {
  const remedy = remedies[path]?.[code];
  if (remedy === undefined) throw new Error(`tools/errors: no remedy for '${code}' of ${path}`);
  return remedy;
}

/** Refuses remedies for codes that do not exist any more. */
function checkRemedies(remedies: Remedies): void {
  for (const [path, of] of Object.entries(remedies)) {
    if (path === 'sso') continue;
    const codes = readCodes(path).map(({ code }) => code);
    const unknown = Object.keys(of).filter((code) => !codes.includes(code));
    if (unknown.length > 0) throw new Error(`tools/errors: ${path} has no code ${unknown}`);
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const sentence = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
/** Words at the beginning of a cause that keep their case are few: abbreviations. */
const cell = (text: string) => (/^[A-Z]{2}/.test(text) ? text : sentence(text));

function requestTable(): string {
  const path = 'src/aws/errors.ts';
  const rows = readCodes(path).map((error) => {
    const told = wires.map(([, wire]) => {
      const { code, status } = inWordsOf(wire, new RequestError(error.code as 'internal', ''));
      return `\`${code}\`, ${status}`;
    });
    return [cell(error.cause), ...told, remedyOf(apiRemedies, path, error)];
  });
  return table(['cause', ...wires.map(([name]) => name), 'remedy'], rows);
}

function serviceTable(service: Service, path: string, make: AnyError): string {
  const rows = readCodes(path).map((error) => {
    const told: AwsError | undefined = service.translate?.(new make(error.code, ''));
    if (told === undefined) throw new Error(`${service.name} does not translate '${error.code}'`);
    const seen = `\`${told.code}\`, ${told.status}`;
    return [seen, cell(error.cause), remedyOf(apiRemedies, path, error)];
  });
  return table(['error, status', 'cause', 'remedy'], rows.sort());
}

function ssoTable(): string {
  const rows = Object.entries(oauthErrors).map(([code, [name, status]]) => {
    const remedy = apiRemedies['sso']?.[code];
    if (remedy === undefined) throw new Error(`tools/errors: no remedy for '${code}' of SSO`);
    return [`\`${code}\`, ${status}`, `\`${name}\``, remedy];
  });
  return table(['error, status', 'in OAuth 2.0', 'meaning and remedy'], rows);
}

function operationTable(): string {
  const rows = operationErrors.map(({ code, status, operations, cause, remedy }) => [
    `\`${code}\`, ${status}`,
    operations,
    cause,
    remedy,
  ]);
  return table(['error, status', 'where', 'cause', 'remedy'], rows);
}

function commandTable(path: string): string {
  const rows = readCodes(path).map((error) => [
    `\`${error.code}\``,
    cell(error.cause),
    remedyOf(commandRemedies, path, error),
  ]);
  return table(['code', 'cause', 'remedy'], rows);
}

const exitCodes = table(
  ['exit code', 'meaning'],
  [
    ['0', 'it succeeded'],
    ['1', 'it failed; the last line on standard error says why, and what to do if that is known'],
    ['2', 'an option, argument or setting is not valid; nothing was done'],
    [
      '3',
      'it succeeded and found something: `waxwing status` a broker that does not run, `waxwing doctor` a problem, `waxwing advise` advice that is not followed. `waxwing node serve`: the service has removed the host',
    ],
    ['that of the AWS CLI', 'of `waxwing aws`'],
  ],
);

/** Generates the page about all errors from the declarations of their codes. */
export async function generateErrorReference(): Promise<string> {
  checkRemedies(apiRemedies);
  checkRemedies(commandRemedies);
  const { services: running } = await ControlPlane.inProcess();
  const ofServices = services.map(({ title, service: name, path, make }) => {
    const service = running.find((each) => each.name === name);
    if (service === undefined) throw new Error(`there is no service ${name}`);
    return `### ${title}\n\n${serviceTable(service, path, make)}`;
  });
  const ofRequests = requestTable();
  checkOperationErrors([ofRequests, ...ofServices].join('\n'));
  const ofCommands = commands.map(({ title, path }) => `### ${title}\n\n${commandTable(path)}`);
  return `# Errors

The errors of the APIs and of the command line, with their causes and what to do. This page is generated by \`npm run gen\` from the declarations of the codes; a test fails if it is out of date, or if a code has no cause or no remedy. The message of an error names the value that was found and what is allowed, so read it first.

## Errors of the APIs

### Before an operation begins

Every service refuses these requests, in the words of its protocol:

${ofRequests}

${ofServices.join('\n\n')}

### Single sign-on

${ssoTable()}

### Single operations

${operationTable()}

The operations of Waxwing itself, such as those of backups, volumes, advice and hosts, answer with \`BadRequestException\`, \`NotFoundException\` and \`ConflictException\`, as Amazon MQ does.

## Errors of brokers

A broker answers in the words of its protocol: [AMQP 0-9-1](../../src/protocols/amqp091/README.md), [AMQP 1.0](../../src/protocols/amqp10/README.md), [OpenWire](../../src/protocols/openwire/README.md), [STOMP](../../src/protocols/stomp/README.md), [MQTT](../../src/protocols/mqtt/README.md), and the [management API](management-api.md). The texts are those of RabbitMQ and ActiveMQ where these have one.

## Brokers that do not run

\`DescribeBroker\` has the reason in \`actionsRequired\`, with a code such as \`RABBITMQ_INVALID_KMS_KEY\`: [what to do](../operate/run.md#when-a-broker-is-critical_action_required).

## Errors of the command line

A command prints \`waxwing: \` and the message on standard error. The codes are those of the program's source; the message does not contain them.

### Exit codes

${exitCodes}

${ofCommands.join('\n\n')}
`;
}
