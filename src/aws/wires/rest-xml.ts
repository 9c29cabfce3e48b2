// The `rest-xml` wire.

import type { HttpResponse } from '../../net/http/message.ts';
import type { Route } from '../pipeline/registry.ts';
import { isoDates } from '../shapes/notation.ts';
import type { Shape } from '../shapes/shape.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { documentOf, membersOf, plainPayload, readBound, writeBound } from './rest-bindings.ts';
import type { WireFormat } from './wire.ts';
import { readXml } from './xml-reader.ts';
import { element, escaped, xmlAttributeText, xmlElement } from './xml-writer.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/**
 * The `rest-xml` wire: method and path name the operation, documents are XML, errors follow Amazon
 * S3.
 */
export const restXml: WireFormat = {
  name: 'rest-xml',
  /** The registry distinguishes it from `rest-json` by the operation. */
  recognizes: () => false,
  read: (route, request) => {
    const readDocument = (body: Buffer, shape: Shape<unknown>) => readXml(body, documentOf(shape));
    return readShape(route.operation.input, readBound(route, request, readDocument), isoDates);
  },
  write: (route, output, requestId) => {
    const { status, headers, payload, hasDocument } = writeBound(route, output);
    if (status === 204) return response(status, headers, '', requestId);
    if (payload) {
      const { shape, value, name } = payload;
      const plain = plainPayload(payload);
      if (plain === undefined) {
        return xml(route, status, headers, shape.xml?.name ?? name, shape, value, requestId);
      }
      const type = { 'Content-Type': 'application/octet-stream' };
      return response(status, { ...type, ...headers }, plain, requestId);
    }
    const shape = documentOf(route.operation.output);
    if (!hasDocument || Object.keys(membersOf(shape)).length === 0) {
      return response(status, headers, '', requestId);
    }
    const root = shape.xml?.name ?? `${route.name}Result`;
    return xml(route, status, headers, root, shape, output, requestId);
  },
  fail: ({ code, message, status, headers }, requestId) => {
    const error =
      element('Code', escaped(code)) +
      element('Message', escaped(message)) +
      element('RequestId', escaped(requestId));
    const type = { 'Content-Type': 'application/xml' };
    const body = `${declaration}${element('Error', error)}`;
    return response(status, { ...type, ...headers }, body, requestId);
  },
};

function xml(
  { service }: Route,
  status: number,
  headers: Readonly<Record<string, string>>,
  name: string,
  shape: Shape<unknown>,
  value: unknown,
  requestId: string,
): HttpResponse {
  const { xmlNamespace } = service;
  const namespace = xmlNamespace === undefined ? '' : xmlAttributeText('xmlns', xmlNamespace);
  const body = `${declaration}${xmlElement(name, shape, value, namespace)}`;
  const type = { 'Content-Type': 'application/xml' };
  return response(status, { ...type, ...headers }, body, requestId);
}

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  requestId: string,
): HttpResponse {
  const ids = { 'x-amz-request-id': requestId, 'x-amzn-RequestId': requestId };
  return { status, headers: { ...ids, ...headers }, body };
}
