// The recorded answers of ActiveMQ and of Waxwing to the same scenarios.

/** What a broker answered, by scenario. */
export type Answers = ReadonlyMap<string, readonly string[]>;

/** Lines that only one of the brokers answers, and why. */
interface Difference {
  readonly theirs: string[];
  readonly ours: string[];
  readonly reasons: string[];
}

type Part = string | Difference;

/** A file with the answers of both: `== name` begins a scenario. */
export class RecordedAnswers {
  readonly #scenarios = new Map<string, Part[]>();

  /**
   * Parses a file: a line of both begins with two blanks, one of ActiveMQ alone with `A `, one of
   * Waxwing alone with `W `, and the reason for the lines before it with `; `.
   */
  static parse(text: string): RecordedAnswers {
    const recorded = new RecordedAnswers();
    let parts: Part[] = [];
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const rest = line.slice(2);
      if (line.startsWith('== ')) {
        parts = [];
        recorded.#scenarios.set(rest.slice(1), parts);
      } else if (line.startsWith('  ')) parts.push(rest);
      else addTo(parts, line[0] ?? '', rest);
    }
    return recorded;
  }

  /** The answers of one of the brokers. */
  of(broker: 'theirs' | 'ours'): Answers {
    const all = [...this.#scenarios].map(([name, parts]): [string, string[]] => [
      name,
      parts.flatMap((part) => (typeof part === 'string' ? [part] : part[broker])),
    ]);
    return new Map(all);
  }

  /** The differences without a reason, as text. */
  unexplained(): string[] {
    return [...this.#scenarios].flatMap(([name, parts]) =>
      parts
        .filter((part) => typeof part !== 'string')
        .filter(({ reasons }) => reasons.length === 0)
        .map(({ theirs, ours }) => `${name}: ${theirs.join(' / ')} <> ${ours.join(' / ')}`),
    );
  }

  /**
   * Returns a file with new answers. Scenarios that were not played keep theirs, and differences that are
   * as before keep their reasons.
   */
  merged(theirs: Answers, ours: Answers): string {
    const reasons = this.#reasons();
    const before = { theirs: this.of('theirs'), ours: this.of('ours') };
    const lines: string[] = [];
    for (const name of new Set([...before.theirs.keys(), ...theirs.keys()])) {
      lines.push(`== ${name}`);
      const their = theirs.get(name) ?? before.theirs.get(name) ?? [];
      for (const part of aligned(their, ours.get(name) ?? before.ours.get(name) ?? [])) {
        if (typeof part === 'string') lines.push(`  ${part}`);
        else lines.push(...linesOf({ ...part, reasons: reasons.get(keyOf(name, part)) ?? [] }));
      }
    }
    return `${lines.join('\n')}\n`;
  }

  #reasons(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [name, parts] of this.#scenarios) {
      for (const part of parts) {
        if (typeof part !== 'string') found.set(keyOf(name, part), part.reasons);
      }
    }
    return found;
  }
}

function keyOf(name: string, { theirs, ours }: Difference): string {
  return JSON.stringify([name, theirs, ours]);
}

function linesOf({ theirs, ours, reasons }: Difference): string[] {
  return [
    ...theirs.map((line) => `A ${line}`),
    ...ours.map((line) => `W ${line}`),
    ...reasons.map((line) => `; ${line}`),
  ];
}

/** Adds a line to the last difference, or begins another one behind a reason. */
function addTo(parts: Part[], mark: string, line: string): void {
  let last = parts.at(-1);
  const isOver = typeof last === 'string' || (mark !== ';' && last?.reasons.length);
  if (last === undefined || typeof last === 'string' || isOver) {
    last = { theirs: [], ours: [], reasons: [] };
    parts.push(last);
  }
  if (mark === 'A') last.theirs.push(line);
  else if (mark === 'W') last.ours.push(line);
  else last.reasons.push(line);
}

/** The lengths of the longest common subsequences of what follows each pair of lines. */
function commonLengths(theirs: readonly string[], ours: readonly string[]): number[][] {
  const lengths = [...theirs, ''].map(() => new Array<number>(ours.length + 1).fill(0));
  for (let row = theirs.length - 1; row >= 0; row--) {
    const below = lengths[row + 1] ?? [];
    const own = lengths[row] ?? [];
    for (let column = ours.length - 1; column >= 0; column--) {
      const isSame = theirs[row] === ours[column];
      const [across = 0, under = 0] = [below[column + 1], below[column]];
      own[column] = isSame ? 1 + across : Math.max(under, own[column + 1] ?? 0);
    }
  }
  return lengths;
}

/** Aligns two lists of lines by their longest common subsequence. */
function aligned(theirs: readonly string[], ours: readonly string[]): Part[] {
  const lengths = commonLengths(theirs, ours);
  const at = (row: number, column: number) => lengths[row]?.[column] ?? -1;
  const parts: Part[] = [];
  let [row, column] = [0, 0];
  while (row < theirs.length || column < ours.length) {
    const [their = '', our = ''] = [theirs[row], ours[column]];
    const areBoth = row < theirs.length && column < ours.length;
    if (areBoth && their === our) {
      parts.push(their);
      row++;
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      addTo(parts, 'A', their);
      row++;
    } else {
      addTo(parts, 'W', our);
      column++;
    }
  }
  return parts;
}

/** Splits the output of the scenarios. */
export function parseOutput(lines: readonly string[]): Answers {
  const found = new Map<string, string[]>();
  let last: string[] = [];
  for (const line of lines) {
    if (line.startsWith('== ')) {
      last = [];
      found.set(line.slice(3), last);
    } else last.push(line);
  }
  return found;
}
