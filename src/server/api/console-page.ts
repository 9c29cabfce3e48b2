// The page at the address of a broker's web console.

import type { HttpResponse, RequestHead } from '../../net/http/message.ts';
import type {
  Labels,
  Rejection,
  RequestHandler,
  RequestPeer,
} from '../../net/http/request-handler.ts';

/** The page, which leads to the console of the service. Brokers have none of their own. */
const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Waxwing</title></head>
<body>
<h1>Waxwing</h1>
<p>This service runs message brokers behind Amazon MQ's API. Its <a href="/console/">web
console</a> shows and manages them.</p>
<p>The AWS CLI, an AWS SDK or Terraform manage them at this address too. <code>waxwing env</code> prints the settings that they need.</p>
</body>
</html>
`;

/**
 * Headers of the page. Strict-Transport-Security is not among them: it would apply to all ports of the
 * host, which is often `localhost`.
 */
const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** The methods of the console address. Others are only used by API calls. */
export const consoleMethods = ['GET', 'HEAD', 'POST'] as const;

/**
 * Answers browsers at the console address that descriptions of brokers contain. API calls at the
 * same path are passed to the API: those with a query, a signature, or a body that no browser's form
 * would send.
 */
export class ConsolePage implements RequestHandler {
  readonly #api: RequestHandler;

  /** @param api the handler of API calls */
  constructor(api: RequestHandler) {
    this.#api = api;
  }

  admit(head: RequestHead, labels: Labels, peer: RequestPeer): ReturnType<RequestHandler['admit']> {
    if (isCall(head)) return this.#api.admit(head, labels, peer);
    const response: HttpResponse =
      head.method === 'POST'
        ? { status: 405, headers: { ...headers, Allow: 'GET, HEAD' }, body: page }
        : { status: 200, headers, body: page };
    return { refusal: undefined, isProven: false, answer: () => Promise.resolve(response) };
  }

  reject(head: RequestHead, rejection: Rejection, limitBytes: number): HttpResponse {
    return this.#api.reject(head, rejection, limitBytes);
  }
}

function isCall({ method, headers: sent, rawQuery }: RequestHead): boolean {
  if (rawQuery !== '' || sent.has('authorization')) return true;
  return method === 'POST' && !(sent.get('accept') ?? '').includes('text/html');
}
