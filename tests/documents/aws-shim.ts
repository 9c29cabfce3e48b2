// `aws` for snippets: a small program that has the AWS CLI of another process run its arguments,
// because loading the CLI takes a third of a second of processor time for each command.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { runAwsCli } from '../support/aws-cli.ts';

/** Sends arguments, environment and folder, and prints the answer. */
const program = `#!/usr/bin/python3 -IS
import json, os, socket, sys
if '--profile' in sys.argv:  # it may ask the terminal
    os.execv(os.environ['WAXWING_TEST_AWS_CLI'], ['aws', *sys.argv[1:]])
connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ['WAXWING_TEST_AWS'])
request = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()])
connection.sendall(request.encode() + b'\\n')
answer = json.loads(connection.makefile('rb').readline())
sys.stdout.write(answer['stdout'])
sys.stderr.write(answer['stderr'])
sys.exit(answer['code'])
`;

/** Writes the program into a folder, and answers it. */
export class AwsShim {
  /** What the program needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #server: Server;
  readonly #cli: string;

  /**
   * @param folder where the program is put, and its socket
   * @param cli the whole path of the AWS CLI
   */
  constructor(folder: string, cli: string) {
    this.#cli = cli;
    const socket = join(folder, 'aws.sock');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'aws'), program, { mode: 0o755 });
    this.environment = { WAXWING_TEST_AWS: socket, WAXWING_TEST_AWS_CLI: cli };
    this.#server = createServer((client) => this.#serve(client)).listen(socket);
  }

  /** Ends it. */
  close(): void {
    this.#server.close();
  }

  #serve(client: Socket): void {
    let text = '';
    client.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (!text.endsWith('\n')) return;
      const [args, env, folder] = JSON.parse(text) as [string[], Record<string, string>, string];
      // Versions before 2.13 and 1.29 do not know the variable.
      const endpoint = env['AWS_ENDPOINT_URL'];
      const all = endpoint === undefined ? args : [...args, '--endpoint-url', endpoint];
      runAwsCli(this.#cli, all, env, folder).then(
        (answer) => client.end(`${JSON.stringify(answer)}\n`),
        (error: Error) =>
          client.end(`${JSON.stringify({ code: 255, stdout: '', stderr: error.message })}\n`),
      );
    });
  }
}
