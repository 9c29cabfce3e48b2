import { WaxwingError } from '../base/errors.ts';

/** How calls and answers are written. */
export type Wire = 'rest-json' | 'rest-xml' | 'json-1.0' | 'json-1.1' | 'query' | 'rpc-v2-cbor';

/** What an AWS error carries besides its code and message. */
export interface AwsErrorOptions extends ErrorOptions {
  /** HTTP status, 400 to 599; 400 where left out. */
  readonly status?: number;
  /** Further members of the answer's body, such as Amazon MQ's `errorAttribute`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A failure as the API's callers see it: AWS's own code (`NotFoundException`), message and status.
 * Operations throw it; the dispatcher records it and the wire writes it.
 */
export class AwsError extends WaxwingError<string> {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: AwsErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/** What the front door itself finds wrong with a call, in no wire's words yet. */
export type RequestErrorCode =
  /** Nothing says who calls. */
  | 'missing-authentication'
  /** The authentication cannot be read. */
  | 'incomplete-signature'
  /** No such access key, or its session token is wrong. */
  | 'unknown-access-key'
  | 'expired-token'
  /** Wrong signature, scope or clock. */
  | 'signature-mismatch'
  /** A bearer token is missing or wrong. */
  | 'wrong-token'
  | 'access-denied'
  /** A value breaks a constraint. */
  | 'invalid-value'
  /** Not JSON, or a value of another type. */
  | 'unreadable'
  | 'unknown-operation'
  | 'too-large'
  /** Its body comes in chunks, though only the body can prove who sends it. */
  | 'length-required'
  /** The memory for request bodies is in use; the caller may retry. */
  | 'throttled'
  /** A bug, or a batch that could not be committed. */
  | 'internal';

/** A call that the front door refuses before, or instead of, the operation. */
export class RequestError extends WaxwingError<RequestErrorCode> {
  /** The member that it is about, where there is one. */
  readonly attribute: string | undefined;
  /** The access key that the request was to be signed with, where there is such a key. */
  accessKeyId: string | undefined = undefined;
  /** The input as far as it could be read, for the audit record; what breaks a constraint may be in it. */
  readonly input: object | undefined;

  constructor(
    code: RequestErrorCode,
    message: string,
    options: ErrorOptions & { readonly attribute?: string; readonly input?: object } = {},
  ) {
    super(code, message, options);
    this.attribute = options.attribute;
    this.input = options.input;
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

/** As Amazon S3 says it. */
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

/** Puts what the front door found into the words of a wire. */
export function inWordsOf(wire: Wire, error: RequestError): AwsError {
  const [code, status] = answers[wire][error.code];
  const { attribute, message } = error;
  const members = attribute && wire === 'rest-json' ? { errorAttribute: attribute } : {};
  const headers = error.code === 'wrong-token' ? { 'WWW-Authenticate': 'Bearer' } : {};
  return new AwsError(code, message, { status, members, headers, cause: error });
}
