// The public documents of the issuer of web identity tokens.

import { webIdentityAlgorithms } from '../../identity/federation/web-identity-record.ts';
import {
  type WebIdentityTokens,
  webIdentityPath,
} from '../../identity/federation/web-identity-tokens.ts';
import { type HttpResponse, jsonResponse } from '../../net/http/message.ts';
import type { Labels, RequestHandler } from '../../net/http/request-handler.ts';

/** A route of a listener. */
export type Route = readonly [method: string, path: string, handler: RequestHandler];

type Documents = Pick<WebIdentityTokens, 'issuer'>;

const headers = { 'Cache-Control': 'max-age=300', 'X-Content-Type-Options': 'nosniff' } as const;

/**
 * The routes of the issuer: its discovery document (OpenID Connect Discovery 1.0, section 4) and its keys
 * (RFC 7517, section 5). They are public, and answered from memory, even while the issuer is disabled,
 * because issued tokens stay valid.
 *
 * @param apiUrl the address of the API, without a slash at the end
 */
export function issuerDocuments(tokens: Documents, apiUrl: () => string): readonly Route[] {
  const base = `${webIdentityPath}/{issuer}/.well-known`;
  const discovery = handlerOf(tokens, (issuerId) => {
    const issuer = `${apiUrl()}${webIdentityPath}/${issuerId}`;
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...webIdentityAlgorithms],
      claims_supported: ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub'],
    };
  });
  const keySet = handlerOf(tokens, () => ({
    keys: (tokens.issuer?.keys ?? []).map(({ id, algorithm, publicKey }) => ({
      ...publicKey,
      kid: id,
      alg: algorithm,
      use: 'sig',
    })),
  }));
  return [
    ['GET', `${base}/openid-configuration`, discovery],
    ['GET', `${base}/jwks.json`, keySet],
  ];
}

function handlerOf(tokens: Documents, documentOf: (issuerId: string) => object): RequestHandler {
  const answer = (labels: Labels): HttpResponse => {
    const id = tokens.issuer?.issuerId;
    if (id === undefined || labels.get('issuer') !== id)
      return problem(404, 'There is no such issuer.');
    return jsonResponse(200, documentOf(id), headers);
  };
  return {
    bodyBytesMax: 0,
    admit: (_head, labels) => ({
      refusal: undefined,
      isProven: false,
      answer: () => Promise.resolve(answer(labels)),
    }),
    reject: () => problem(413, 'The request may have no body.'),
  };
}

function problem(status: number, message: string): HttpResponse {
  return jsonResponse(status, { message }, { 'Cache-Control': 'no-store' });
}
