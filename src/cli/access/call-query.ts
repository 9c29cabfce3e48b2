// Calls IAM and STS, whose requests are forms and whose answers are XML.

import { XMLParser } from 'fast-xml-parser';
import { CliError } from '../errors.ts';
import { type ApiAccess, post } from './call-api.ts';

const versions = { iam: '2010-05-08', sts: '2011-06-15' } as const;

const contentType = 'application/x-www-form-urlencoded; charset=utf-8';

/** An element of an answer: its text, its children, or a list of members. */
export type Element = string | { readonly [name: string]: Element | readonly Element[] };

/** A call that the API refused. */
export class RefusedCall extends CliError {
  /** The AWS error code, such as `EntityAlreadyExists`. */
  readonly awsCode: string;

  constructor(action: string, awsCode: string, message: string) {
    super('call-failed', `${action}: ${message} (${awsCode})`);
    this.awsCode = awsCode;
  }
}

const parser = new XMLParser({
  htmlEntities: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  isArray: (name) => name === 'member',
  parseTagValue: false,
});

/**
 * Calls an operation.
 *
 * @returns its result; an empty text if it has none
 * @throws {RefusedCall} if the API refuses it
 * @throws {CliError} `call-failed` if there is no valid answer
 */
export async function callQuery(
  access: ApiAccess,
  service: keyof typeof versions,
  Action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Element> {
  const form = new URLSearchParams({ Action, Version: versions[service], ...parameters });
  const { status, body } = await post(access, service, '/', contentType, form.toString());
  const document = parsed(Action, body);
  if (status === 200) return childOf(childOf(document, `${Action}Response`), `${Action}Result`);
  const error = childOf(childOf(document, 'ErrorResponse'), 'Error');
  throw new RefusedCall(
    Action,
    textAt(error, 'Code') || `status ${status}`,
    textAt(error, 'Message'),
  );
}

/** The text at a path of element names; empty if there is none. */
export function textAt(element: Element, ...path: readonly string[]): string {
  const found = path.reduce(childOf, element);
  return typeof found === 'string' ? found : '';
}

/** The members of a list at a path of element names. */
export function membersAt(element: Element, ...path: readonly string[]): readonly Element[] {
  const found = path.reduce(childOf, element);
  if (typeof found === 'string') return [];
  const { member } = found;
  return Array.isArray(member) ? member : [];
}

function childOf(element: Element, name: string): Element {
  if (typeof element === 'string' || !Object.hasOwn(element, name)) return '';
  const child = element[name];
  return child === undefined || Array.isArray(child) ? '' : (child as Element);
}

function parsed(action: string, text: string): Element {
  try {
    return parser.parse(text) as Element;
  } catch (cause) {
    throw new CliError('call-failed', `the answer to ${action} is not XML`, { cause });
  }
}
