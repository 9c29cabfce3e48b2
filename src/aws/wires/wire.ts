// The interface of a wire.

import type { HttpRequest, HttpResponse, RequestHead } from '../../net/http/message.ts';
import type { AwsError, Wire } from '../errors.ts';
import type { Route } from '../pipeline/registry.ts';

/** Reads calls and writes answers in the format of one wire. */
export interface WireFormat {
  readonly name: Wire;
  /** Whether a request uses this wire, judging by its headers. */
  recognizes(head: RequestHead): boolean;
  /**
   * Reads the input in the operation's types.
   *
   * @throws {RequestError} `unreadable`, `invalid-value`
   */
  read(route: Route, request: HttpRequest): unknown;
  write(route: Route, output: unknown, requestId: string): HttpResponse;
  fail(error: AwsError, requestId: string): HttpResponse;
}
