import type { AwsError } from '../errors.ts';
import type { Route } from '../pipeline/registry.ts';
import type { HttpRequest, HttpResponse } from '../request.ts';

/** How calls are read and answers written on one wire. */
export interface WireFormat {
  /**
   * The call's input as the operation takes it.
   *
   * @throws {RequestError} `unreadable`, `invalid-value`
   */
  read(route: Route, request: HttpRequest): unknown;
  write(route: Route, output: unknown, requestId: string): HttpResponse;
  fail(error: AwsError, requestId: string): HttpResponse;
}
