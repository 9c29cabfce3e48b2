// HTTP responses as text.

import type { HttpResponse } from '../../src/net/http/message.ts';

/** A response whose body is text. */
export interface TextResponse extends HttpResponse {
  readonly body: string;
}

/** A response with its body as text. */
export function asText(response: HttpResponse): TextResponse {
  return { ...response, body: response.body.toString() };
}
