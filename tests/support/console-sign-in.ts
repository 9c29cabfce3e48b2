// Requests of browsers that sign in to the web console.

import { request } from 'node:https';

/** Where the service is. */
interface Endpoint {
  readonly url: string;
  readonly ca: string;
}

/** An answer of the service. */
export interface SignInAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects.
  readonly body: any;
}

/** Sends a request to sign in, as the page does. */
export function signInToConsole(
  { url, ca }: Endpoint,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<SignInAnswer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    Origin: url,
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: all, ca, agent: false };
    const sent = request(`${url}/console/sign-in`, options, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: given } = response;
        resolve({ status, headers: given, body: JSON.parse(answer) });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
