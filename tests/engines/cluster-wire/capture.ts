// A capture of the loopback interface, and what its TCP connections carry.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/processes.ts';

/** The bytes of one direction of a TCP connection, from its first byte as far as nothing is missing. */
export interface Direction {
  readonly stream: number;
  readonly fromPort: number;
  readonly toPort: number;
  readonly bytes: Buffer;
  /** Whether the capture has its beginning. */
  readonly isWhole: boolean;
}

/** A running capture of everything on the loopback interface. */
export class Capture {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-capture-'));
  readonly #process: ChildProcess;
  #said = '';

  private constructor() {
    const args = ['-i', 'lo', '-q', '-B', '64', '-w', this.file];
    this.#process = spawn('dumpcap', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  static async start(): Promise<Capture> {
    const capture = new Capture();
    await until('the capture runs', () => capture.#said.includes('File:'));
    return capture;
  }

  get file(): string {
    return join(this.#folder, 'loopback.pcapng');
  }

  /** Ends it. Returns how many packets the kernel dropped before they were written. */
  async stop(): Promise<number> {
    this.#process.kill('SIGINT');
    await once(this.#process, 'close');
    const [, dropped] = /\/(\d+)\s*\(|dropped[^:]*: \d+\/(\d+)/.exec(this.#said) ?? [];
    return Number(dropped ?? 0);
  }

  /** All TCP payloads, by connection and direction. */
  directions(): Direction[] {
    const fields = ['tcp.stream', 'tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.payload'];
    const args = ['-r', this.file, '-Y', 'tcp.len > 0', '-T', 'fields'];
    const text = execFileSync('tshark', [...args, ...fields.flatMap((name) => ['-e', name])], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const parts = new Map<string, { seq: number; bytes: Buffer }[]>();
    for (const line of text.split('\n')) {
      const [stream, from, to, seq, payload = ''] = line.split('\t');
      if (payload === '') continue;
      const key = `${stream} ${from} ${to}`;
      const list = parts.get(key) ?? [];
      list.push({ seq: Number(seq), bytes: Buffer.from(payload, 'hex') });
      parts.set(key, list);
    }
    return [...parts].map(([key, list]) => {
      const [stream = 0, fromPort = 0, toPort = 0] = key.split(' ').map(Number);
      return { stream, fromPort, toPort, ...joined(list) };
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Puts segments together. Sequence numbers begin at 1; a capture that began later has higher ones. */
function joined(list: readonly { seq: number; bytes: Buffer }[]): {
  bytes: Buffer;
  isWhole: boolean;
} {
  const sorted = list.toSorted((one, other) => one.seq - other.seq);
  const isWhole = sorted[0]?.seq === 1;
  let next = sorted[0]?.seq ?? 1;
  const taken: Buffer[] = [];
  for (const { seq, bytes } of sorted) {
    if (seq > next) break; // a packet is missing
    if (seq + bytes.length <= next) continue; // sent again
    taken.push(bytes.subarray(next - seq));
    next = seq + bytes.length;
  }
  return { bytes: Buffer.concat(taken), isWhole };
}
