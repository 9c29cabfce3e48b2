// The errors that callers of the AWS-compatible APIs receive, and their form on each wire.

import { WaxwingError } from '../base/errors.ts';
import type { Caller } from '../calls/caller.ts';

/** The protocol that a call and its answer are written in. */
export type Wire = 'rest-json' | 'rest-xml' | 'json-1.0' | 'json-1.1' | 'query' | 'rpc-v2-cbor';

/** The parts of an AWS error besides its code and message. */
export interface AwsErrorOptions extends ErrorOptions {
  /** HTTP status, 400 to 599. Defaults to 400. */
  readonly status?: number;
  /** Additional members of the response body, such as Amazon MQ's `errorAttribute`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Additional response headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** See {@link AwsError.isRoutine}. */
  readonly isRoutine?: boolean;
  /** See {@link AwsError.caller}. */
  readonly caller?: Caller;
}

/**
 * An error in the form that API callers see: an AWS error code (`NotFoundException`), a message,
 * and an HTTP status. Operations throw it, the dispatcher records it, and the wire writes it.
 */
export class AwsError extends WaxwingError<string> {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The caller that an unsigned operation has authenticated by itself before it refused the call, for
   * the audit record.
   */
  readonly caller: Caller | undefined;
  /**
   * Whether clients ask again after this answer, so that it is reported neither as a refused call nor as
   * a failure of the service.
   */
  readonly isRoutine: boolean;

  constructor(code: string, message: string, options: AwsErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
    this.caller = options.caller;
    this.isRoutine = options.isRoutine ?? false;
  }
}

/**
 * Errors that the dispatcher itself detects. {@link inWordsOf} maps them to the codes of each wire.
 */
export type RequestErrorCode =
  /** The request carries no authentication. */
  | 'missing-authentication'
  /** The authentication is malformed. */
  | 'incomplete-signature'
  /** The access key does not exist, or its session token is wrong. */
  | 'unknown-access-key'
  /** The session token has expired. */
  | 'expired-token'
  /** The signature, its scope, or its time is wrong. */
  | 'signature-mismatch'
  /** The bearer token is missing or wrong. */
  | 'wrong-token'
  /** No policy allows the call, or one denies it. */
  | 'access-denied'
  /** A value violates a constraint. */
  | 'invalid-value'
  /** The input is not valid JSON, or a value has the wrong type. */
  | 'unreadable'
  /** The service has no operation of this name or at this path. */
  | 'unknown-operation'
  /** The body is larger than the operation permits. */
  | 'too-large'
  /** The body has chunked encoding, although only the body can prove the sender. */
  | 'length-required'
  /** The memory for request bodies is exhausted. The caller may retry. */
  | 'throttled'
  /** A bug, or a batch that could not be committed. */
  | 'internal';

/** A call that is refused by the dispatcher, not by the operation. */
export class RequestError extends WaxwingError<RequestErrorCode> {
  /** The input member that caused the error, if there is one. */
  readonly attribute: string | undefined;
  /** The access key that the request names, if that key exists. */
  accessKeyId: string | undefined = undefined;
  /** The part of the input that could be read, for the audit record. It may violate constraints. */
  readonly input: object | undefined;
  /** Additional response headers. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RequestErrorCode,
    message: string,
    options: ErrorOptions & {
      readonly attribute?: string;
      readonly input?: object;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(code, message, options);
    this.attribute = options.attribute;
    this.input = options.input;
    this.headers = options.headers ?? {};
  }
}

type Answers = Readonly<Record<RequestErrorCode, readonly [code: string, status: number]>>;

const json: Answers = {
  'missing-authentication': ['MissingAuthenticationTokenException', 400],
  'incomplete-signature': ['IncompleteSignatureException', 400],
  'unknown-access-key': ['UnrecognizedClientException', 400],
  'expired-token': ['ExpiredTokenException', 400],
  'signature-mismatch': ['InvalidSignatureException', 400],
  'wrong-token': ['UnauthorizedException', 401],
  'access-denied': ['AccessDeniedException', 400],
  'invalid-value': ['ValidationException', 400],
  unreadable: ['SerializationException', 400],
  'unknown-operation': ['UnknownOperationException', 400],
  'too-large': ['RequestEntityTooLargeException', 413],
  'length-required': ['MissingContentLength', 411],
  throttled: ['ThrottlingException', 400],
  internal: ['InternalFailure', 500],
};

const restJson: Answers = {
  'missing-authentication': ['MissingAuthenticationTokenException', 403],
  'incomplete-signature': ['IncompleteSignatureException', 400],
  'unknown-access-key': ['UnrecognizedClientException', 403],
  'expired-token': ['ExpiredTokenException', 403],
  'signature-mismatch': ['SignatureDoesNotMatch', 403],
  'wrong-token': ['UnauthorizedException', 401],
  'access-denied': ['ForbiddenException', 403],
  'invalid-value': ['BadRequestException', 400],
  unreadable: ['BadRequestException', 400],
  'unknown-operation': ['UnknownOperationException', 404],
  'too-large': ['RequestEntityTooLargeException', 413],
  'length-required': ['MissingContentLength', 411],
  throttled: ['TooManyRequestsException', 429],
  internal: ['InternalServerErrorException', 500],
};

const query: Answers = {
  'missing-authentication': ['MissingAuthenticationToken', 403],
  'incomplete-signature': ['IncompleteSignature', 400],
  'unknown-access-key': ['InvalidClientTokenId', 403],
  'expired-token': ['ExpiredToken', 403],
  'signature-mismatch': ['SignatureDoesNotMatch', 403],
  'wrong-token': ['Unauthorized', 401],
  'access-denied': ['AccessDenied', 403],
  'invalid-value': ['ValidationError', 400],
  unreadable: ['MalformedInput', 400],
  'unknown-operation': ['InvalidAction', 400],
  'too-large': ['RequestEntityTooLarge', 413],
  'length-required': ['MissingContentLength', 411],
  throttled: ['Throttling', 400],
  internal: ['ServiceFailure', 500],
};

/** The wording of Amazon S3. */
const restXml: Answers = {
  ...query,
  'missing-authentication': ['AccessDenied', 403],
  'incomplete-signature': ['AuthorizationHeaderMalformed', 400],
  'unknown-access-key': ['InvalidAccessKeyId', 403],
  'expired-token': ['ExpiredToken', 400],
  'invalid-value': ['InvalidArgument', 400],
  unreadable: ['MalformedXML', 400],
  'unknown-operation': ['MethodNotAllowed', 405],
  'too-large': ['EntityTooLarge', 400],
  throttled: ['SlowDown', 503],
  internal: ['InternalError', 500],
};

const answers: Readonly<Record<Wire, Answers>> = {
  'json-1.0': json,
  'json-1.1': json,
  'rpc-v2-cbor': json,
  'rest-json': restJson,
  'rest-xml': restXml,
  query,
};

/** The message on a wire. Services on the query wire leave the full stop of one message out. */
function messageOn(wire: Wire, { code, message }: RequestError): string {
  return wire === 'query' && code === 'unknown-access-key' ? message.replace(/\.$/, '') : message;
}

/** Converts a dispatcher error to the code, message, and status that a wire uses. */
export function inWordsOf(wire: Wire, error: RequestError): AwsError {
  const [code, status] = answers[wire][error.code];
  const { attribute } = error;
  const message = messageOn(wire, error);
  const members = attribute && wire === 'rest-json' ? { errorAttribute: attribute } : {};
  const bearer = error.code === 'wrong-token' ? { 'WWW-Authenticate': 'Bearer' } : {};
  const headers = { ...error.headers, ...bearer };
  return new AwsError(code, message, { status, members, headers, cause: error });
}
