import type { HttpRequest, HttpResponse, RequestHead } from '../../net/http/message.ts';
import type { AwsError, Wire } from '../errors.ts';
import type { Route } from '../pipeline/registry.ts';

/** How calls are read and answers written on one wire. */
export interface WireFormat {
  readonly name: Wire;
  /** Whether a request is written on this wire, as far as its headers tell. */
  recognises(head: RequestHead): boolean;
  /**
   * The call's input as the operation takes it.
   *
   * @throws {RequestError} `unreadable`, `invalid-value`
   */
  read(route: Route, request: HttpRequest): unknown;
  write(route: Route, output: unknown, requestId: string): HttpResponse;
  fail(error: AwsError, requestId: string): HttpResponse;
}
