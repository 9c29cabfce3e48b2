// boto3 in a separate process.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Credentials } from './callers.ts';
import { type CalledService, clientEnvironment } from './client-environment.ts';

/** A program that makes calls, one per line, and prints their results. */
const program = `
import base64, datetime, json, sys
import boto3, botocore.exceptions

def bytes_in(value):
    if isinstance(value, dict):
        if list(value) == ['$bytes']:
            return base64.b64decode(value['$bytes'])
        return {name: bytes_in(each) for name, each in value.items()}
    return [bytes_in(each) for each in value] if isinstance(value, list) else value

def plain(value):
    if isinstance(value, bytes):
        return {'$bytes': base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    raise TypeError(type(value))

clients = {}
for line in sys.stdin:
    service, operation, given = json.loads(line)
    if service not in clients:
        clients[service] = boto3.client(service, endpoint_url=sys.argv[1])
    try:
        answer = getattr(clients[service], operation)(**bytes_in(given))
        answer.pop('ResponseMetadata')
        told = {'answer': answer}
    except botocore.exceptions.ClientError as error:
        told = {'error': error.response}
    print(json.dumps(told, default=plain), flush=True)
`;

/** A failure as boto3 understood it. */
export class Boto3Error extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** boto3 in a separate process. */
export class Boto3 {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #errors = '';

  /**
   * @param python the path of a Python that has boto3
   * @param credentials those of the root user by default
   */
  constructor(python: string, plane: CalledService, credentials?: Credentials) {
    const options = { env: clientEnvironment(plane, credentials) };
    this.#child = spawn(python, ['-c', program, plane.endpoint.url], options);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /**
   * Makes one call.
   *
   * @param operation as boto3 names it: `create_broker`
   * @throws {Boto3Error} what the service refused
   */
  async call(service: string, operation: string, input: object = {}) {
    this.#child.stdin.write(`${JSON.stringify([service, operation, input])}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`boto3 has ended: ${this.#errors}`);
    const { answer, error } = JSON.parse(value);
    if (error === undefined) return answer;
    const { Error: told, ResponseMetadata: metadata } = error;
    throw new Boto3Error(told.Code, told.Message, metadata.HTTPStatusCode);
  }

  /** Ends the process. */
  close(): void {
    this.#reader.close();
    this.#child.kill();
  }
}
