import type { HttpResponse } from '../../net/http/message.ts';
import type { AwsError } from '../errors.ts';
import { formOf } from '../parameters.ts';
import { isoDates } from '../shapes/notation.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import type { WireFormat } from './wire.ts';

/** Members of a form that say which operation is called, not with what. */
const callMembers: readonly string[] = ['Action', 'Version'];

/**
 * The `query` wire (sts, iam): forms in, XML out. A form's members are read as text; lists and
 * structures, which forms write as `Member.member.1`, come with the operations that have them.
 */
export const query: WireFormat = {
  name: 'query',
  recognises: ({ headers, rawQuery }) => {
    const type = headers.get('content-type') ?? '';
    const isForm = type.startsWith('application/x-www-form-urlencoded');
    return isForm || /(?:^|&)Action(?:=|&|$)/.test(rawQuery);
  },
  read: ({ operation }, request) => {
    const members = [...formOf(request)].filter(([name]) => !callMembers.includes(name));
    return readShape(operation.input, Object.fromEntries(members), isoDates);
  },
  write: ({ service, name, operation }, output, requestId) => {
    const written = writeShape(operation.output, output, isoDates);
    const namespace = `https://${service.name}.amazonaws.com/doc/${service.apiVersion}/`;
    const result = element(`${name}Result`, xmlOf(written));
    const metadata = element('ResponseMetadata', element('RequestId', escaped(requestId)));
    const body = `<${name}Response xmlns="${namespace}">${result}${metadata}</${name}Response>`;
    return response(200, body, requestId);
  },
  fail: ({ code, message, status }: AwsError, requestId) => {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const error =
      element('Type', type) + element('Code', escaped(code)) + element('Message', escaped(message));
    const id = element('RequestId', escaped(requestId));
    return response(
      status,
      `<ErrorResponse><Error>${error}</Error>${id}</ErrorResponse>`,
      requestId,
    );
  },
};

function response(status: number, body: string, requestId: string): HttpResponse {
  return {
    status,
    headers: { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId },
    body,
  };
}

/** A value as XML: members by their names, the elements of lists each as `member`. */
function xmlOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return escaped(String(value));
  if (Array.isArray(value)) return value.map((each) => element('member', xmlOf(each))).join('');
  return Object.entries(value)
    .map(([name, member]) => element(name, xmlOf(member)))
    .join('');
}

/** @param content XML */
function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** A text as XML 1.0 can hold it: markup escaped, characters that it has no way to write replaced. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
