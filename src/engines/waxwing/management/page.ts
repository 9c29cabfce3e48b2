// The page at the root of a management port, for browsers.

import type { HttpResponse } from '../../../net/http/message.ts';
import type { RequestHandler } from '../../../net/http/request-handler.ts';

/** The page, until there is a web console. */
const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Waxwing</title></head>
<body>
<h1>Waxwing</h1>
<p>This port serves RabbitMQ's management HTTP API, below <code>/api</code>. There is no web console
yet.</p>
</body>
</html>
`;

/** The same headers as those of the service's own pages. */
const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** Answers everybody with the page. */
export const pageHandler: RequestHandler = {
  admit({ method }) {
    const isRead = method === 'GET' || method === 'HEAD';
    const response: HttpResponse = isRead
      ? { status: 200, headers, body: page }
      : { status: 405, headers: { ...headers, Allow: 'GET, HEAD' }, body: page };
    return { refusal: undefined, isProven: false, answer: () => Promise.resolve(response) };
  },
  reject: () => ({ status: 413, headers, body: page }),
};
