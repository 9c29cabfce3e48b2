// The `query` wire.

import type { HttpResponse } from '../../net/http/message.ts';
import type { AwsError } from '../errors.ts';
import { formOf } from '../parameters.ts';
import { isoDates } from '../shapes/notation.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { readForm } from './form-reader.ts';
import { membersOf } from './rest-bindings.ts';
import type { WireFormat } from './wire.ts';
import { element, escaped, xmlAttributeText, xmlElement } from './xml-writer.ts';

/** The `query` wire (sts, iam): form input, XML output. */
export const query: WireFormat = {
  name: 'query',
  recognizes: ({ headers, rawQuery }) => {
    const type = headers.get('content-type') ?? '';
    const isForm = type.startsWith('application/x-www-form-urlencoded');
    return isForm || /(?:^|&)Action(?:=|&|$)/.test(rawQuery);
  },
  read: ({ operation }, request) =>
    readShape(operation.input, readForm(operation.input, formOf(request)), isoDates),
  write: ({ service, name, operation }, output, requestId) => {
    const { output: shape } = operation;
    const isEmpty = Object.keys(membersOf(shape)).length === 0;
    const hasResult = !isEmpty || shape.xml?.isWrittenEmpty === true;
    const result = hasResult ? xmlElement(`${name}Result`, shape, output) : '';
    const metadata = element('ResponseMetadata', element('RequestId', escaped(requestId)));
    const { xmlNamespace = `https://${service.name}.amazonaws.com/doc/${service.apiVersion}/` } =
      service;
    const attributes = xmlAttributeText('xmlns', xmlNamespace);
    return response(200, {}, element(`${name}Response`, result + metadata, attributes), requestId);
  },
  fail: ({ code, message, status, headers }: AwsError, requestId) => {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const error =
      element('Type', type) + element('Code', escaped(code)) + element('Message', escaped(message));
    const id = element('RequestId', escaped(requestId));
    const body = element('ErrorResponse', element('Error', error) + id);
    return response(status, headers, body, requestId);
  },
};

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  requestId: string,
): HttpResponse {
  const own = { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId };
  return { status, headers: { ...own, ...headers }, body };
}
