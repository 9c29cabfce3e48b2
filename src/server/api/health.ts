// The health of the service, for load balancers, containers and service managers.

import type { HttpResponse, RequestHead } from '../../net/http/message.ts';
import { jsonResponse } from '../../net/http/message.ts';
import type {
  Labels,
  Rejection,
  RequestHandler,
  RequestPeer,
} from '../../net/http/request-handler.ts';

/** The methods of {@link HealthHandler}. */
export const healthMethods = ['GET', 'HEAD'] as const;

const headers = { 'Cache-Control': 'no-store' } as const;

/**
 * Answers GET requests from anybody, without any information about brokers: 200 and `{"status":"pass"}`
 * if the condition is true, otherwise 503 and `{"status":"fail"}`. Signed requests and those with a
 * query are passed to the API, because a bucket may have this name.
 */
export class HealthHandler implements RequestHandler {
  readonly #api: RequestHandler;
  readonly #isTrue: () => boolean;

  /** @param api the handler of API calls */
  constructor(api: RequestHandler, isTrue: () => boolean) {
    this.#api = api;
    this.#isTrue = isTrue;
  }

  admit(head: RequestHead, labels: Labels, peer: RequestPeer): ReturnType<RequestHandler['admit']> {
    if (head.rawQuery !== '' || head.headers.has('authorization')) {
      return this.#api.admit(head, labels, peer);
    }
    return { refusal: undefined, isProven: false, answer: async () => this.#answer() };
  }

  reject(head: RequestHead, rejection: Rejection, limitBytes: number): HttpResponse {
    return this.#api.reject(head, rejection, limitBytes);
  }

  #answer(): HttpResponse {
    return this.#isTrue()
      ? jsonResponse(200, { status: 'pass' }, headers)
      : jsonResponse(503, { status: 'fail' }, headers);
  }
}
