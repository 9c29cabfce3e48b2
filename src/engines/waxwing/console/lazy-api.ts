// An HTTP API of a broker that is loaded at the first request.

import type { RequestHead } from '../../../net/http/message.ts';
import type { Admission, RequestHandler, RequestPeer } from '../../../net/http/request-handler.ts';

/** An API that decides on requests. */
interface Api {
  admit(head: RequestHead, peer: RequestPeer): Admission | Promise<Admission>;
  /** Ends its background work. */
  close(): void;
}

/** Loads an API when it is used. */
export class LazyApi {
  readonly #open: () => Promise<Api>;
  readonly #reject: RequestHandler['reject'];
  #api: Api | undefined = undefined;
  #loading: Promise<Api> | undefined = undefined;

  constructor(open: () => Promise<Api>, reject: RequestHandler['reject']) {
    this.#open = open;
    this.#reject = reject;
  }

  /**
   * Creates the handler of a route.
   *
   * @param bodyBytesMax maximum size of a body
   */
  handler(bodyBytesMax: number): RequestHandler {
    return {
      bodyBytesMax,
      admit: (head, _labels, peer) => {
        if (this.#api !== undefined) return this.#api.admit(head, peer);
        return this.#load().then((api) => api.admit(head, peer));
      },
      reject: this.#reject,
    };
  }

  /** Ends the API, if it is loaded. */
  close(): void {
    this.#api?.close();
  }

  async #load(): Promise<Api> {
    this.#loading ??= this.#open();
    this.#api = await this.#loading;
    return this.#api;
  }
}
