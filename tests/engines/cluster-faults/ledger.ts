// What publishers were promised, and what consumers got.

/** What is known of the messages of one publisher. */
interface Line {
  /** A bit for each number that was received. */
  received: Uint8Array;
  readonly awaited: Set<number>;
  confirmedCount: number;
}

const firstBytes = 4096;

/** The confirmed and the received messages of all publishers. Bodies begin with prefix and number. */
export class FaultLedger {
  receivedCount = 0;
  /** Messages that were received again; confirms permit that. */
  againCount = 0;
  readonly #lines = new Map<string, Line>();

  get confirmedCount(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.confirmedCount, 0);
  }

  confirmedOf(prefix: string): number {
    return this.#line(prefix).confirmedCount;
  }

  /** Notes that the messages of a publisher from one number to another were confirmed. */
  confirmed(prefix: string, first: number, last: number): void {
    const line = this.#line(prefix);
    for (let number = first; number <= last; number++) {
      line.confirmedCount++;
      if (!hasBit(line.received, number)) line.awaited.add(number);
    }
  }

  /** @throws {RangeError} if no publisher wrote this body */
  received(body: Buffer): void {
    const [, prefix = '', digits = ''] = /^([a-z]+) (\d+) /.exec(body.toString('latin1')) ?? [];
    if (digits === '' || body.length < 200) throw new RangeError(`unknown message: ${body}`);
    const line = this.#line(prefix);
    const number = Number(digits);
    this.receivedCount++;
    line.awaited.delete(number);
    if (hasBit(line.received, number)) this.againCount++;
    line.received = withBit(line.received, number);
  }

  /** A function that tells which messages that are confirmed by now have not been received then. */
  snapshot(): () => string[] {
    const taken = [...this.#lines].map(([prefix, line]) => ({
      prefix,
      line,
      numbers: [...line.awaited],
    }));
    return () =>
      taken.flatMap(({ prefix, line, numbers }) =>
        numbers.filter((number) => line.awaited.has(number)).map((number) => `${prefix} ${number}`),
      );
  }

  #line(prefix: string): Line {
    const known = this.#lines.get(prefix);
    if (known !== undefined) return known;
    const line = { received: new Uint8Array(firstBytes), awaited: new Set<number>() };
    const whole = { ...line, confirmedCount: 0 };
    this.#lines.set(prefix, whole);
    return whole;
  }
}

function hasBit(bits: Uint8Array, number: number): boolean {
  return ((bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
}

/** The bits with one more, which are others if they had to grow. */
function withBit(bits: Uint8Array, number: number): Uint8Array {
  let longer = bits;
  const at = number >> 3;
  if (at >= bits.length) {
    longer = new Uint8Array(Math.max(at + 1, bits.length * 2));
    longer.set(bits);
  }
  longer[at] = (longer[at] ?? 0) | (1 << (number & 7));
  return longer;
}
