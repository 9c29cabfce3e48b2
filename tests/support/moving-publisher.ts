// A pika publisher that reconnects to the new endpoint when its broker has moved.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { until } from './processes.ts';

/**
 * Publishes numbers with confirms to a queue until its standard input ends, and writes each confirmed one
 * to a file. A broker that has moved tells where to. Only what a client sees is used.
 */
const program = `
import os, re, select, ssl, sys, time, pika
url, queue, name = os.environ['URL'], os.environ['QUEUE'], os.environ['NAME']
confirmed = open(os.environ['CONFIRMED'], 'a', buffering=1)
user = re.match(r'amqps://([^@]*)@', url).group(1)
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
number, endpoints, refusals = 0, [], set()
def follow(error):
    global url
    text = str(error)
    found = re.search(r'this broker has moved: connect to (amqps://[^\\s"\\')]+)', text)
    if found: url = found.group(1).replace('://', '://%s@' % user)
    refusals.add(text[:200])
def is_over(): return bool(select.select([sys.stdin], [], [], 0)[0])
while not is_over():
    try:
        parameters = pika.URLParameters(url)
        parameters.ssl_options = pika.SSLOptions(context, 'localhost')
        connection = pika.BlockingConnection(parameters)
        endpoints.append(parameters.port)
        channel = connection.channel()
        channel.confirm_delivery()
        while not is_over():
            channel.basic_publish('', queue, ('%s live %d' % (name, number)).encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)
            confirmed.write('%d\\n' % number)
            number += 1
        connection.close()
    except (pika.exceptions.AMQPError, OSError) as error:
        follow(repr(error))
        number += 1
        time.sleep(0.05)
print('endpoints', sorted(set(endpoints)))
for each in sorted(refusals): print(each)
`;

const attempt = `
import os, ssl, pika
parameters = pika.URLParameters(os.environ['URL'])
parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=os.environ['CA_FILE']), 'localhost')
try:
    pika.BlockingConnection(parameters).close()
    print('accepted')
except pika.exceptions.AMQPError as error:
    print(repr(error))
`;

/** What a client of pika is told when it connects: `accepted`, or the error. */
export function pikaIsTold(url: string, caFile: string): string {
  const env = { URL: url, CA_FILE: caFile };
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', attempt], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return `${stdout}${stderr}`.trim();
}

/** What a publisher did. */
export interface PublisherResult {
  /** The bodies of all messages that were confirmed. */
  readonly confirmed: readonly string[];
  /** Its output: the ports that it used, and the texts of the errors that it met. */
  readonly output: string;
}

/** What a publisher does. */
export interface PublisherOptions {
  readonly url: string;
  readonly queue: string;
  /** The beginning of its messages: `0` for `0 live 17`. */
  readonly name: string;
  /** Where the numbers of confirmed messages are written. */
  readonly file: string;
  readonly caFile: string;
}

/** A running publisher. */
export class MovingPublisher {
  readonly #child: ChildProcess;
  readonly #file: string;
  #output = '';

  constructor({ url, queue, name, file, caFile }: PublisherOptions) {
    this.#file = file;
    writeFileSync(file, '');
    this.#child = spawn('/usr/bin/python3', ['-c', program], {
      env: { URL: url, QUEUE: queue, NAME: name, CONFIRMED: file, CA_FILE: caFile },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  get #confirmed(): string[] {
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => `live ${line}`);
  }

  /** Waits until this many more messages are confirmed. */
  async confirms(count: number, timeoutMs?: number): Promise<void> {
    const wanted = this.#confirmed.length + count;
    await until(`${wanted} confirms`, () => this.#confirmed.length >= wanted, timeoutMs);
  }

  /** Ends it without a result. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it. */
  async end(): Promise<PublisherResult> {
    const isOver = this.#child.exitCode !== null;
    const ended = isOver || new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    await ended;
    return { confirmed: this.#confirmed, output: this.#output };
  }
}
